package org.k3sjvm.kubelet.pod;

/** Carries actions out. Blocking, idempotent, callable from any thread. */
public interface PodEffects {
  /**
   * Does one thing for a pod. Faults of the outside world are results.
   *
   * @throws InterruptedException when cut short, by a newer wish or by the owner of the thread
   */
  ActionResult carryOut(DesiredPod pod, PodAction action, Interrupts interrupts)
      throws InterruptedException;
}
