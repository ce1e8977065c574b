package org.k3sjvm.cri;

/** Where a container is in its life; {@code UNKNOWN} when the runtime itself has lost track. */
public enum ContainerState {
  CREATED,
  RUNNING,
  EXITED,
  UNKNOWN
}
