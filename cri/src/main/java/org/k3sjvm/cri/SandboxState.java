package org.k3sjvm.cri;

/** Whether a sandbox can hold containers. */
public enum SandboxState {
  READY,
  NOT_READY
}
