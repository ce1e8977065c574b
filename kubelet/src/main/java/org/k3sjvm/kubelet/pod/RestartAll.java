package org.k3sjvm.kubelet.pod;

import java.util.List;
import java.util.stream.Stream;

/**
 * Starts a pod over within its sandbox, when a container ended in a way that its rules answer so:
 * every container but the ephemeral ones is ended without ado and removed, then the pod begins with
 * its first init container. Addresses and volumes stay.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/container/helpers.go, ShouldAllContainersRestart, and
 * kuberuntime_manager.go, getContainersToReset.
 */
final class RestartAll {
  /** The action of a rule. */
  static final String ACTION = "RestartAllContainers";

  /** The condition that says it is under way; kept across restarts of the agent. */
  static final String CONDITION = "AllContainersRestarting";

  private RestartAll() {}

  /** Whether a rule of the pod could ever ask for it: such pods carry the condition. */
  static boolean possible(DesiredPod pod) {
    return restarted(pod)
        .flatMap(c -> c.container().getRestartPolicyRules().stream())
        .anyMatch(r -> ACTION.equals(r.getAction()));
  }

  /** Whether containers are still to be removed before the pod begins again. */
  static boolean underWay(PodView view) {
    return possible(view.desired())
        && !instances(view).isEmpty()
        && (told(view) || restarted(view.desired()).anyMatch(c -> asks(view, c)));
  }

  /** Whether the last report said that it is under way. */
  static boolean told(PodView view) {
    return view.last().getConditions().stream()
        .anyMatch(c -> CONDITION.equals(c.getType()) && "True".equals(c.getStatus()));
  }

  /** What is to be removed; who asked for it goes last, so that a half-done round is seen. */
  static List<ObservedContainer> instances(PodView view) {
    List<ObservedContainer> all =
        restarted(view.desired())
            .flatMap(c -> view.observed().instances(c.name()).stream())
            .toList();
    return Stream.concat(
            all.stream().filter(c -> !source(view, c)), all.stream().filter(c -> source(view, c)))
        .toList();
  }

  private static boolean asks(PodView view, ContainerSpec spec) {
    return view.observed().newest(spec.name()).filter(c -> source(view, c)).isPresent();
  }

  private static boolean source(PodView view, ObservedContainer is) {
    return is.exited()
        && view.desired()
            .container(is.name())
            .flatMap(spec -> RestartDecision.rule(spec, is.exitCode()))
            .filter(r -> ACTION.equals(r.getAction()))
            .isPresent();
  }

  private static Stream<ContainerSpec> restarted(DesiredPod pod) {
    return Stream.concat(pod.regular().stream(), pod.init().stream());
  }
}
