package org.k3sjvm.kubelet.pod;

/** Looks at what the runtime has of a pod. */
public interface PodObserver {
  /**
   * A fresh look; blocks on the runtime.
   *
   * @throws org.k3sjvm.cri.CriException when the runtime does not answer
   */
  ObservedPod observe(DesiredPod pod) throws InterruptedException;
}
