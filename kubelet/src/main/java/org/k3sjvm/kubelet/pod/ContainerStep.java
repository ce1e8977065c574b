package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.Probe;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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

  /**
   * It runs but must not go on.
   *
   * @param grace how long its end may take; empty for the pod's own
   * @param replaced whether it is to run again as it is asked for now, whatever the policy says
   */
  record Stop(ObservedContainer running, String message, Optional<Duration> grace, boolean replaced)
      implements ContainerStep {
    Stop(ObservedContainer running, String message) {
      this(running, message, Optional.empty(), false);
    }
  }

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
        beginsAgain(spec) ? Optional.empty() : view.observed().newest(spec.name());
    return older
        .map(o -> ended(spec, view, o, memory, now))
        .orElseGet(() -> startOrWait(spec, view, memory, Optional.empty(), Optional.empty(), now));
  }

  /** Whether what was in another sandbox does not count. */
  private static boolean beginsAgain(ContainerSpec spec) {
    return spec.kind() == ContainerSpec.Kind.INIT || spec.kind() == ContainerSpec.Kind.SIDECAR;
  }

  private static ContainerStep inSandbox(
      ContainerSpec spec, PodView view, ObservedContainer is, PodMemory memory, Instant now) {
    return switch (is.state()) {
      case RUNNING -> running(spec, view, is, memory);
      case UNKNOWN -> unknown(spec, view, is, memory, now);
      case CREATED -> created(spec, view, is, memory, now);
      case EXITED -> ended(spec, view, is, memory, now);
    };
  }

  /** It could not be started, or nobody came to it: another try follows the last end, if any. */
  private static ContainerStep created(
      ContainerSpec spec, PodView view, ObservedContainer is, PodMemory memory, Instant now) {
    Optional<PodMemory.Crash> crash = Optional.ofNullable(memory.crashes().get(spec.name()));
    Optional<ObservedContainer> last =
        view.observed().instances(spec.name()).stream()
            .filter(ContainerStep::over)
            .filter(c -> !beginsAgain(spec) || c.sandbox().equals(is.sandbox()))
            .findFirst();
    if (last.isPresent()
        && RestartDecision.backOff(spec, last.get(), crash, view.pace(), now)
            instanceof RestartDecision.Later(Instant at, Duration pause)) {
      return crashLoop(spec, view.desired(), at, pause);
    }
    return startOrWait(
        spec,
        view,
        memory,
        Optional.of(is),
        last.map(l -> RestartDecision.next(spec, l, crash, view.pace(), now)),
        now);
  }

  /** Whether it ran and is to be ended at the latest before another try. */
  private static boolean over(ObservedContainer is) {
    return switch (is.state()) {
      case EXITED, UNKNOWN -> true;
      case CREATED, RUNNING -> false;
    };
  }

  /** What ended when told to counts as ended, also if the runtime goes on to say nothing of it. */
  private static ContainerStep unknown(
      ContainerSpec spec, PodView view, ObservedContainer is, PodMemory memory, Instant now) {
    return memory.stopped().contains(is.id())
        ? ended(spec, view, is, memory, now)
        : new Stop(is, subject(spec) + "is in \"unknown\" state, try killing it before restart");
  }

  private static ContainerStep running(
      ContainerSpec spec, PodView view, ObservedContainer is, PodMemory memory) {
    String container = subject(spec) + spec.name();
    String restarts =
        spec.kind() == ContainerSpec.Kind.REGULAR
                && RestartDecision.policyRestartsFailed(view.desired(), spec)
            ? ", will be restarted"
            : "";
    if (memory.hookFailed().contains(is.id())) {
      return new Stop(is, "FailedPostStartHook");
    }
    if (edited(spec, is)) {
      boolean regular = spec.kind() == ContainerSpec.Kind.REGULAR;
      return new Stop(
          is,
          container + " definition changed" + (regular ? ", will be restarted" : ""),
          Optional.empty(),
          true);
    }
    if (Resizing.restarts(spec, view, is, memory)) {
      return new Stop(is, container + " resize requires restart", Optional.empty(), true);
    }
    if (view.failed(spec, is.id(), ProbeVerdicts.Kind.LIVENESS)) {
      return new Stop(
          is,
          container + " failed liveness probe" + restarts,
          grace(spec.container().getLivenessProbe()),
          false);
    }
    if (view.failed(spec, is.id(), ProbeVerdicts.Kind.STARTUP)) {
      return new Stop(
          is,
          container + " failed startup probe" + restarts,
          grace(spec.container().getStartupProbe()),
          false);
    }
    return new Keep(is);
  }

  private static String subject(ContainerSpec spec) {
    return beginsAgain(spec) ? "Init container " : "Container ";
  }

  /**
   * A probe's own word. Source: kubelet v1.36 kuberuntime_container.go, setTerminationGracePeriod.
   */
  private static Optional<Duration> grace(@Nullable Probe probe) {
    return Optional.ofNullable(probe)
        .map(Probe::getTerminationGracePeriodSeconds)
        .map(DesiredPod::graceOf);
  }

  private static ContainerStep ended(
      ContainerSpec spec, PodView view, ObservedContainer last, PodMemory memory, Instant now) {
    Optional<PodMemory.Crash> crash = Optional.ofNullable(memory.crashes().get(spec.name()));
    if (!endedForEdit(spec, last, memory)) {
      switch (RestartDecision.of(view.desired(), spec, last, crash, view.pace(), now)) {
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
        Optional.of(RestartDecision.next(spec, last, crash, view.pace(), now)),
        now);
  }

  /**
   * An edited container runs again whatever the policy says, once it was told to end for the edit.
   */
  private static boolean endedForEdit(
      ContainerSpec spec, ObservedContainer last, PodMemory memory) {
    return edited(spec, last) && memory.replaced().contains(last.id());
  }

  private static boolean edited(ContainerSpec spec, ObservedContainer is) {
    return switch (spec.kind()) {
      case INIT, EPHEMERAL -> false;
      case SIDECAR, REGULAR -> ContainerHash.changed(spec.container(), is);
    };
  }

  private static ContainerStep startOrWait(
      ContainerSpec spec,
      PodView view,
      PodMemory memory,
      Optional<ObservedContainer> leftover,
      Optional<PodMemory.Crash> crash,
      Instant now) {
    PodMemory.Failure failure = memory.failures().get(spec.name());
    if (failure != null && now.isBefore(failure.retryAt()) && failure.concerns(spec)) {
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
    String image = failure.volumeImage().orElse(spec.container().getImage());
    String text = "Back-off pulling image \"" + image + "\"";
    PodEvent told = PodEvent.normal("BackOff", text);
    return new Wait(
        failure.retryAt(),
        "ImagePullBackOff",
        text + ": " + failure.reason() + ": " + failure.message(),
        Optional.of(failure.volumeImage().isPresent() ? told : told.of(spec)));
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
