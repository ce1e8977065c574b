package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Optional;

/**
 * Whether a pod's network may be used: asked when its sandbox has addresses, before each of its
 * containers is started. Any thread may call.
 */
public interface PodNetworkGate {
  /** For networks without rules. */
  PodNetworkGate OPEN = (pod, addresses, ranBefore) -> Optional.empty();

  /**
   * Blocks until it may, for some seconds at most; at once when that was said before.
   *
   * @param addresses of the sandbox, the primary first; none on the node's own network
   * @param ranBefore whether a container has run in that sandbox before, be it under a former agent
   * @return why not, to be asked again later; empty when it may
   */
  Optional<String> admit(Pod pod, List<String> addresses, boolean ranBefore)
      throws InterruptedException;

  /** The pod is gone, and others may get its addresses. */
  default void left(Pod pod) {}
}
