package org.k3sjvm.cri;

/**
 * Whose namespace a container lives in: its pod's, its own, the node's, or a target container's.
 */
public enum NamespaceMode {
  POD,
  CONTAINER,
  NODE,
  TARGET
}
