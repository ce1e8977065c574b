package org.k3sjvm.kubelet.source;

import io.fabric8.kubernetes.api.model.Pod;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodUid;

/** Who is told what a source wants. A source calls from one thread; a call may wait a little. */
public interface PodListener {
  /** A new or newer version of a pod. */
  void update(DesiredPod pod) throws InterruptedException;

  /** Every version of a pod, also those that only the status makes differ. */
  default void seen(Pod pod) throws InterruptedException {}

  /** The source does not know the pod any more. */
  void removed(PodUid uid) throws InterruptedException;

  /** The source has told every pod that it knew at the start. Told once. */
  void synced() throws InterruptedException;
}
