package org.k3sjvm.kubelet.pod;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What is next for one container while the pod runs.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kuberuntime/kuberuntime_manager.go, computePodActions.
 */
public sealed interface ContainerStep {
  /** It runs, and is left alone. */
  record Keep(ObservedContainer running) implements ContainerStep {}

  /**
   * It is to run.
   *
   * @param leftover an instance that was made and never started; it goes first
   * @param crash the back-off that a later end of it meets; empty on a first start
   */
  record Start(
      int restartCount, Optional<ObservedContainer> leftover, Optional<PodMemory.Crash> crash)
      implements ContainerStep {}

  /** It runs but must not go on. */
  record Stop(ObservedContainer running, String message) implements ContainerStep {}

  /**
   * It is to run, later.
   *
   * @param event what to tell once for this wait; empty for nothing
   */
  record Wait(Instant until, String reason, String message, Optional<PodEvent> event)
      implements ContainerStep {}

  /** It ended and does not run again. */
  record Ended(ObservedContainer last) implements ContainerStep {}

  /** How long a failed pull is shown as itself before it is shown as a back-off. */
  Duration PULL_ERROR_SHOWN = Duration.ofSeconds(2);

  /** The step for a container whose turn it is. */
  static ContainerStep of(
      ContainerSpec spec, PodView view, ObservedSandbox sandbox, PodMemory memory, Instant now) {
    Optional<ObservedContainer> here = view.observed().newest(spec.name(), sandbox.id());
    if (here.isPresent()) {
      return inSandbox(spec, view, here.get(), memory, now);
    }
    Optional<ObservedContainer> older =
        spec.kind() == ContainerSpec.Kind.INIT
            ? Optional.empty()
            : view.observed().newest(spec.name());
    return older
        .map(o -> ended(spec, view, o, memory, now))
        .orElseGet(() -> startOrWait(spec, view, memory, Optional.empty(), Optional.empty(), now));
  }

  private static ContainerStep inSandbox(
      ContainerSpec spec, PodView view, ObservedContainer is, PodMemory memory, Instant now) {
    return switch (is.state()) {
      case RUNNING -> running(spec, view, is, memory);
      case UNKNOWN ->
          new Stop(is, "Container is in \"unknown\" state, try killing it before restart");
      case CREATED -> startOrWait(spec, view, memory, Optional.of(is), Optional.empty(), now);
      case EXITED -> ended(spec, view, is, memory, now);
    };
  }

  private static ContainerStep running(
      ContainerSpec spec, PodView view, ObservedContainer is, PodMemory memory) {
    String restarts =
        RestartDecision.policyRestarts(view.desired(), spec, 137) ? ", will be restarted" : "";
    String container = spec.kind() == ContainerSpec.Kind.SIDECAR ? "Init container " : "Container ";
    if (memory.hookFailed().contains(is.id())) {
      return new Stop(is, "FailedPostStartHook");
    }
    boolean fixed =
        spec.kind() == ContainerSpec.Kind.INIT || spec.kind() == ContainerSpec.Kind.EPHEMERAL;
    if (!fixed && ContainerHash.changed(spec.container(), is)) {
      return new Stop(is, container + spec.name() + " definition changed, will be restarted");
    }
    if (view.failed(spec, is.id(), ProbeVerdicts.Kind.STARTUP)) {
      return new Stop(is, container + spec.name() + " failed startup probe" + restarts);
    }
    if (view.failed(spec, is.id(), ProbeVerdicts.Kind.LIVENESS)) {
      return new Stop(is, container + spec.name() + " failed liveness probe" + restarts);
    }
    return new Keep(is);
  }

  private static ContainerStep ended(
      ContainerSpec spec, PodView view, ObservedContainer last, PodMemory memory, Instant now) {
    Optional<PodMemory.Crash> crash = Optional.ofNullable(memory.crashes().get(spec.name()));
    if (!changedSinceEnd(spec, last)
        || spec.kind() == ContainerSpec.Kind.INIT
        || spec.kind() == ContainerSpec.Kind.EPHEMERAL) {
      switch (RestartDecision.of(view.desired(), spec, last, crash, now)) {
        case RestartDecision.Never _ -> {
          return new Ended(last);
        }
        case RestartDecision.Later(Instant at, Duration pause) -> {
          return crashLoop(spec, view.desired(), at, pause);
        }
        case RestartDecision.Now _ -> {}
      }
    }
    return startOrWait(
        spec,
        view,
        memory,
        Optional.empty(),
        Optional.of(RestartDecision.next(spec, last, crash)),
        now);
  }

  /** An edited container runs again whatever the policy says, once it was ended for the edit. */
  private static boolean changedSinceEnd(ContainerSpec spec, ObservedContainer last) {
    return ContainerHash.changed(spec.container(), last);
  }

  private static ContainerStep startOrWait(
      ContainerSpec spec,
      PodView view,
      PodMemory memory,
      Optional<ObservedContainer> leftover,
      Optional<PodMemory.Crash> crash,
      Instant now) {
    PodMemory.Failure failure = memory.failures().get(spec.name());
    if (failure != null && now.isBefore(failure.retryAt())) {
      return failure.ofImage() ? pullBackOff(spec, failure, now) : failureWait(failure);
    }
    int count = leftover.map(ObservedContainer::attempt).orElseGet(() -> view.nextCount(spec));
    return new Start(count, leftover, crash);
  }

  private static Wait failureWait(PodMemory.Failure failure) {
    return new Wait(failure.retryAt(), failure.reason(), failure.message(), Optional.empty());
  }

  private static Wait pullBackOff(ContainerSpec spec, PodMemory.Failure failure, Instant now) {
    Instant shownUntil = failure.at().plus(PULL_ERROR_SHOWN);
    if (now.isBefore(shownUntil)) {
      return new Wait(shownUntil, failure.reason(), failure.message(), Optional.empty());
    }
    String text = "Back-off pulling image \"" + spec.container().getImage() + "\"";
    return new Wait(
        failure.retryAt(),
        "ImagePullBackOff",
        text + ": " + failure.reason() + ": " + failure.message(),
        Optional.of(PodEvent.normal("BackOff", text).of(spec)));
  }

  private static Wait crashLoop(ContainerSpec spec, DesiredPod pod, Instant at, Duration pause) {
    String id = pod.name() + "_" + pod.namespace() + "(" + pod.uid() + ")";
    return new Wait(
        at,
        "CrashLoopBackOff",
        "back-off " + text(pause) + " restarting failed container=" + spec.name() + " pod=" + id,
        Optional.of(
            PodEvent.warning(
                    "BackOff",
                    "Back-off restarting failed container " + spec.name() + " in pod " + id)
                .of(spec)));
  }

  /** As Go prints durations: {@code 10s}, {@code 1m20s}, {@code 5m0s}. */
  private static String text(Duration pause) {
    long seconds = pause.toSeconds();
    return seconds < 60 ? seconds + "s" : seconds / 60 + "m" + seconds % 60 + "s";
  }
}
