package org.k3sjvm.kubelet.node;

/** Takes events about the node; never blocks for long. */
@FunctionalInterface
public interface NodeEvents {
  NodeEvents NONE = (_, _, _) -> {};

  /**
   * An event.
   *
   * @param warning else it is normal
   */
  void tell(boolean warning, String reason, String message);
}
