package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerRestartRule;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Whether a container that ended runs again, and when. */
public sealed interface RestartDecision {
  /** Source: kubelet v1.36 pkg/kubelet/kubelet.go, initialBackOff and MaxContainerBackOff. */
  Duration FIRST = Duration.ofSeconds(10);

  Duration CAP = Duration.ofMinutes(5);

  /** It stays ended. */
  record Never() implements RestartDecision {}

  /** It runs again at once. */
  record Now() implements RestartDecision {}

  /** It waits out its back-off. */
  record Later(Instant at, Duration pause) implements RestartDecision {}

  /** The decision for a container that exited, or whose runtime lost track of it. */
  static RestartDecision of(
      DesiredPod pod,
      ContainerSpec spec,
      ObservedContainer ended,
      Optional<PodMemory.Crash> crash,
      Instant now) {
    if (!policyRestarts(pod, spec, ended.exitCode())) {
      return new Never();
    }
    Instant end = ended.finishedAt().orElse(ended.createdAt());
    return crash
        .filter(c -> applies(c, spec, end))
        .filter(c -> now.isBefore(end.plus(c.pause())))
        .<RestartDecision>map(c -> new Later(end.plus(c.pause()), c.pause()))
        .orElseGet(Now::new);
  }

  /** The back-off after restarting a container that ended at a time. */
  static PodMemory.Crash next(
      ContainerSpec spec, ObservedContainer ended, Optional<PodMemory.Crash> crash) {
    Instant end = ended.finishedAt().orElse(ended.createdAt());
    Duration wait =
        crash
            .filter(c -> applies(c, spec, end))
            .map(c -> c.pause().multipliedBy(2))
            .map(w -> w.compareTo(CAP) > 0 ? CAP : w)
            .orElse(FIRST);
    return new PodMemory.Crash(ContainerHash.of(spec.container()), wait, end);
  }

  /** Source: kubelet v1.36 pkg/kubelet/container/helpers.go, ShouldContainerBeRestarted. */
  static boolean policyRestarts(DesiredPod pod, ContainerSpec spec, int exitCode) {
    if (spec.kind() == ContainerSpec.Kind.EPHEMERAL) {
      return false;
    }
    for (ContainerRestartRule rule : spec.container().getRestartPolicyRules()) {
      if ("Restart".equals(rule.getAction()) && matches(rule, exitCode)) {
        return true;
      }
    }
    String own = spec.container().getRestartPolicy();
    return switch (own == null ? pod.restartPolicy() : own) {
      case "Never" -> false;
      case "OnFailure" -> exitCode != 0;
      default -> spec.kind() != ContainerSpec.Kind.INIT || exitCode != 0;
    };
  }

  private static boolean matches(ContainerRestartRule rule, int exitCode) {
    if (rule.getExitCodes() == null) {
      return false;
    }
    boolean listed = rule.getExitCodes().getValues().contains(exitCode);
    return "NotIn".equals(rule.getExitCodes().getOperator()) != listed;
  }

  /** A run of more than twice the cap forgives what was before. */
  private static boolean applies(PodMemory.Crash crash, ContainerSpec spec, Instant end) {
    return crash.hash().equals(ContainerHash.of(spec.container()))
        && end.isBefore(crash.at().plus(CAP.multipliedBy(2)));
  }
}
