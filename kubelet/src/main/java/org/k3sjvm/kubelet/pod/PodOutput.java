package org.k3sjvm.kubelet.pod;

/** Takes what workers have to say. No call blocks. */
public interface PodOutput {
  /** The newest status; an older one that was not yet sent is dropped. */
  void report(PodReport report);

  /** Something for users to read. */
  void event(DesiredPod pod, PodEvent event);

  /** Containers of a pod were changed while they run: what was seen of them is out of date. */
  default void resized(DesiredPod pod) {}

  /** Nothing of the pod is left on the node. */
  void forget(DesiredPod pod);

  /** The pod has no worker any more; a new one may start. */
  default void over(PodUid uid) {}
}
