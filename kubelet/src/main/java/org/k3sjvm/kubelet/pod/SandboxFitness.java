package org.k3sjvm.kubelet.pod;

import java.util.List;

/**
 * Whether the pod's sandbox can hold its containers.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/util/util.go, PodSandboxChanged.
 */
public sealed interface SandboxFitness {
  /** It can. */
  record Fit(ObservedSandbox sandbox) implements SandboxFitness {}

  /** There never was one. */
  record Missing() implements SandboxFitness {}

  /** There is one, but not for this pod as it is now: all end and a new one is made. */
  record Unfit(int nextAttempt) implements SandboxFitness {}

  /** The answer by what the runtime shows. */
  static SandboxFitness of(DesiredPod pod, ObservedPod observed) {
    List<ObservedSandbox> all = observed.sandboxes();
    if (all.isEmpty()) {
      return new Missing();
    }
    ObservedSandbox newest = all.getFirst();
    boolean fit =
        newest.ready()
            && observed.readySandboxes().size() == 1
            && newest.hostNetwork() == pod.hostNetwork()
            && (newest.hostNetwork() || !newest.ips().isEmpty());
    return fit ? new Fit(newest) : new Unfit(newest.attempt() + 1);
  }
}
