package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerRestartRule;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Whether a container that ended runs again, and when. */
public sealed interface RestartDecision {
  /** What an end counts as that nobody saw. */
  int SIGKILLED = 137;

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
      RestartPace pace,
      Instant now) {
    if (!policyRestarts(pod, spec, exitCode(ended))) {
      return new Never();
    }
    return backOff(spec, ended, crash, pace, now);
  }

  /** When a container that is to run again may do so. */
  static RestartDecision backOff(
      ContainerSpec spec,
      ObservedContainer ended,
      Optional<PodMemory.Crash> crash,
      RestartPace pace,
      Instant now) {
    Instant end = end(ended);
    return crash
        .filter(c -> applies(c, spec, end, pace))
        .filter(c -> now.isBefore(end.plus(c.pause())))
        .<RestartDecision>map(c -> new Later(end.plus(c.pause()), c.pause()))
        .orElseGet(Now::new);
  }

  /** The back-off after restarting a container now. */
  static PodMemory.Crash next(
      ContainerSpec spec,
      ObservedContainer ended,
      Optional<PodMemory.Crash> crash,
      RestartPace pace,
      Instant now) {
    Duration wait =
        crash
            .filter(c -> applies(c, spec, end(ended), pace))
            .map(c -> pace.after(c.pause()))
            .orElse(pace.first());
    return new PodMemory.Crash(ContainerHash.of(spec.container()), wait, now);
  }

  /**
   * Whether a container runs again after it ended with a code.
   *
   * <p>Source: kubelet v1.36 pkg/api/v1/pod/util.go, ContainerShouldRestart; for init containers
   * kuberuntime_container.go, isInitContainerFailed.
   */
  static boolean policyRestarts(DesiredPod pod, ContainerSpec spec, int exitCode) {
    if (spec.kind() == ContainerSpec.Kind.EPHEMERAL) {
      return false;
    }
    if (spec.kind() == ContainerSpec.Kind.INIT && exitCode == 0) {
      return false;
    }
    Optional<String> action = rule(spec, exitCode).map(ContainerRestartRule::getAction);
    if (action.filter(a -> a.equals("Restart") || a.equals(RestartAll.ACTION)).isPresent()) {
      return true;
    }
    return switch (policy(pod, spec)) {
      case "Never" -> false;
      case "OnFailure" -> exitCode != 0;
      default -> true;
    };
  }

  /** Whether a container that the node ends runs again; rules count for its own ends only. */
  static boolean policyRestartsFailed(DesiredPod pod, ContainerSpec spec) {
    return spec.kind() != ContainerSpec.Kind.EPHEMERAL && !policy(pod, spec).equals("Never");
  }

  /** The first rule that an exit code meets. Rules go with a policy of the container's own. */
  static Optional<ContainerRestartRule> rule(ContainerSpec spec, int exitCode) {
    return spec.container().getRestartPolicy() == null
        ? Optional.empty()
        : spec.container().getRestartPolicyRules().stream()
            .filter(r -> matches(r, exitCode))
            .findFirst();
  }

  /** The container's own, else the pod's. */
  static String policy(DesiredPod pod, ContainerSpec spec) {
    String own = spec.container().getRestartPolicy();
    return own == null ? pod.restartPolicy() : own;
  }

  private static boolean matches(ContainerRestartRule rule, int exitCode) {
    if (rule.getExitCodes() == null || rule.getExitCodes().getOperator() == null) {
      return false;
    }
    boolean listed = rule.getExitCodes().getValues().contains(exitCode);
    return switch (rule.getExitCodes().getOperator()) {
      case "In" -> listed;
      case "NotIn" -> !listed;
      default -> false;
    };
  }

  private static int exitCode(ObservedContainer ended) {
    return ended.exited() ? ended.exitCode() : SIGKILLED;
  }

  private static Instant end(ObservedContainer ended) {
    return ended.finishedAt().orElse(ended.createdAt());
  }

  /**
   * A long run forgives what was before. Source: client-go v1.36 util/flowcontrol/backoff.go,
   * hasExpired.
   */
  private static boolean applies(
      PodMemory.Crash crash, ContainerSpec spec, Instant end, RestartPace pace) {
    return crash.hash().equals(ContainerHash.of(spec.container()))
        && !end.isAfter(crash.at().plus(pace.forgiving()));
  }
}
