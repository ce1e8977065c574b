package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import java.util.List;
import java.util.Optional;

/**
 * The phase that follows from container statuses: {@code Pending}, {@code Running}, {@code
 * Succeeded} or {@code Failed}.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go, getPhase.
 */
final class PhaseOfPod {
  private PhaseOfPod() {}

  /**
   * The phase.
   *
   * @param terminal whether nothing restarts any more
   */
  static String of(
      DesiredPod pod, List<ContainerStatus> init, List<ContainerStatus> regular, boolean terminal) {
    boolean begun = regular.stream().anyMatch(PhaseOfPod::ran);
    boolean pending = false;
    for (ContainerSpec spec : pod.init()) {
      Optional<ContainerStatus> status = find(init, spec);
      if (spec.sidecar()) {
        pending |= !begun && !status.map(s -> Boolean.TRUE.equals(s.getStarted())).orElse(false);
        continue;
      }
      Optional<Integer> exit = status.flatMap(PhaseOfPod::exitCode);
      if (exit.filter(e -> e != 0 && !RestartDecision.policyRestarts(pod, spec, e)).isPresent()) {
        return "Failed";
      }
      pending |= !begun && exit.filter(e -> e == 0).isEmpty();
    }
    boolean waiting = regular.stream().anyMatch(s -> !ran(s));
    if (pending || waiting) {
      return "Pending";
    }
    if (regular.stream().anyMatch(s -> s.getState().getRunning() != null)) {
      return "Running";
    }
    if (!terminal && regular.stream().anyMatch(s -> restarts(pod, s))) {
      return "Running";
    }
    boolean allGood = regular.stream().allMatch(s -> exitCode(s).filter(e -> e == 0).isPresent());
    return allGood ? "Succeeded" : "Failed";
  }

  private static boolean restarts(DesiredPod pod, ContainerStatus status) {
    return pod.container(status.getName())
        .filter(
            spec ->
                exitCode(status)
                    .filter(e -> RestartDecision.policyRestarts(pod, spec, e))
                    .isPresent())
        .isPresent();
  }

  private static boolean ran(ContainerStatus status) {
    return status.getState().getRunning() != null || exitCode(status).isPresent();
  }

  /** Of the last end, also of one that waits to run again. */
  private static Optional<Integer> exitCode(ContainerStatus status) {
    return exitCode(status.getState())
        .or(
            () ->
                status.getState().getWaiting() == null
                    ? Optional.empty()
                    : exitCode(status.getLastState()));
  }

  private static Optional<Integer> exitCode(ContainerState state) {
    return state == null || state.getTerminated() == null
        ? Optional.empty()
        : Optional.of(state.getTerminated().getExitCode());
  }

  private static Optional<ContainerStatus> find(List<ContainerStatus> all, ContainerSpec spec) {
    return all.stream().filter(s -> s.getName().equals(spec.name())).findFirst();
  }
}
