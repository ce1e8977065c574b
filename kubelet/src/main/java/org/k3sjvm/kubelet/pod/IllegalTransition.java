package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.util.List;
import java.util.Optional;

/**
 * Guards what others build on: an end that no restart follows is told once and for all.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/status/status_manager.go, checkContainerStateTransition.
 */
final class IllegalTransition {
  private IllegalTransition() {}

  /** What is wrong with telling {@code next} after {@code last}; empty for nothing. */
  static Optional<String> between(PodStatus last, PodStatus next, DesiredPod pod) {
    if (pod.restartPolicy().equals("Always") || restartsAsAWhole(pod)) {
      return Optional.empty();
    }
    return first(pod, pod.regular(), last.getContainerStatuses(), next.getContainerStatuses())
        .or(
            () ->
                first(
                    pod,
                    pod.init(),
                    last.getInitContainerStatuses(),
                    next.getInitContainerStatuses()));
  }

  private static Optional<String> first(
      DesiredPod pod,
      List<ContainerSpec> specs,
      List<ContainerStatus> last,
      List<ContainerStatus> next) {
    return specs.stream()
        .filter(spec -> !spec.sidecar())
        .filter(spec -> endedForGood(pod, spec, last))
        .filter(spec -> goesOn(spec, last, next))
        .findFirst()
        .map(
            spec ->
                "terminated container "
                    + spec.name()
                    + " attempted illegal transition to non-terminated state");
  }

  private static boolean endedForGood(
      DesiredPod pod, ContainerSpec spec, List<ContainerStatus> last) {
    return find(spec, last)
        .flatMap(s -> ContainerStates.exitCode(s.getState()))
        .filter(
            exit ->
                !(exit != 0 && pod.restartPolicy().equals("OnFailure"))
                    && !RestartDecision.policyRestarts(pod, spec, exit))
        .isPresent();
  }

  /** An edited container that was started anew by the node is no mistake: it has another id. */
  private static boolean goesOn(
      ContainerSpec spec, List<ContainerStatus> last, List<ContainerStatus> next) {
    Optional<String> before = find(spec, last).map(ContainerStatus::getContainerID);
    return find(spec, next)
        .filter(s -> !ContainerStates.isTerminated(s.getState()))
        .filter(
            s ->
                !ContainerStates.isRunning(s.getState())
                    || before.filter(id -> id.equals(s.getContainerID())).isPresent())
        .isPresent();
  }

  private static boolean restartsAsAWhole(DesiredPod pod) {
    return pod.containers().stream()
        .flatMap(c -> c.container().getRestartPolicyRules().stream())
        .anyMatch(r -> "RestartAllContainers".equals(r.getAction()));
  }

  private static Optional<ContainerStatus> find(ContainerSpec spec, List<ContainerStatus> all) {
    return all.stream().filter(s -> s.getName().equals(spec.name())).findFirst();
  }
}
