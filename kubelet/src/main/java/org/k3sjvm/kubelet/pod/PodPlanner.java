package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Decides what a pod needs next, from what is. Pure: equal questions have equal answers.
 *
 * <p>Each question has a type of its own: {@link SandboxFitness}, {@link InitProgress}, {@link
 * ContainerStep}, {@link RestartDecision}, {@link TerminationSchedule}, {@link StatusOfPod}.
 */
public final class PodPlanner {
  /**
   * How often volumes that follow an object are brought up to date. Source: kubelet syncFrequency.
   */
  private static final Duration REFRESH = Duration.ofSeconds(60);

  private static final int REFRESH_SPREAD_SECONDS = 30;

  /** A short init container is looked at again soon; later the regular look is enough. */
  private static final Duration SOON_FIRST = Duration.ofMillis(50);

  private static final Duration SOON_LONGEST = Duration.ofSeconds(1);

  private PodPlanner() {}

  /** The plan for one look. */
  public static PodPlan plan(
      PodView view, PodWishes wishes, PodPhase phase, PodMemory remembered, Instant now) {
    PodMemory memory = remembered.of(view.observed());
    PodPhase here = moved(view, wishes, phase, now);
    return switch (here) {
      case PodPhase.Syncing syncing -> syncing(view, wishes, syncing, memory, now);
      case PodPhase.Terminating ending -> terminating(view, wishes, ending, phase, memory, now);
      case PodPhase.Terminated ended -> terminated(view, wishes, ended, memory, now);
    };
  }

  /** The phase after what others want; only the containers' own end is left to {@link #syncing}. */
  private static PodPhase moved(PodView view, PodWishes wishes, PodPhase phase, Instant now) {
    return switch (phase) {
      case PodPhase.Syncing _ ->
          wishes
              .end()
              .or(
                  () ->
                      deadline(view)
                          .filter(d -> !now.isBefore(d))
                          .map(_ -> TerminationReason.DEADLINE_EXCEEDED))
              .<PodPhase>map(
                  r ->
                      new PodPhase.Terminating(
                          TerminationSchedule.killAt(Optional.empty(), wishes.grace(), now), r))
              .orElse(phase);
      case PodPhase.Terminating(Instant killAt, TerminationReason reason) ->
          wishes.end().isPresent()
              ? new PodPhase.Terminating(
                  TerminationSchedule.killAt(Optional.of(killAt), wishes.grace(), now), reason)
              : phase;
      case PodPhase.Terminated _ -> phase;
    };
  }

  private static PodPlan syncing(
      PodView view, PodWishes wishes, PodPhase.Syncing phase, PodMemory memory, Instant now) {
    return switch (SandboxFitness.of(view.desired(), view.observed())) {
      case SandboxFitness.Fit(ObservedSandbox sandbox) ->
          inSandbox(view, wishes, phase, sandbox, memory, now);
      case SandboxFitness.Missing _ -> newSandbox(view, wishes, phase, 0, memory, now);
      case SandboxFitness.Unfit(int attempt) ->
          newSandbox(view, wishes, phase, attempt, memory, now);
    };
  }

  private static PodPlan inSandbox(
      PodView view,
      PodWishes wishes,
      PodPhase phase,
      ObservedSandbox sandbox,
      PodMemory memory,
      Instant now) {
    if (RestartAll.underWay(view)) {
      return restartAll(view, phase, memory, now);
    }
    InitProgress init = InitProgress.of(view, sandbox, memory, now);
    Map<String, ContainerStep> steps = new LinkedHashMap<>();
    for (ContainerSpec spec : view.desired().ephemeral()) {
      steps.put(spec.name(), ContainerStep.of(spec, view, sandbox, memory, now));
    }
    steps.putAll(init.steps());
    if (init.state() == InitProgress.State.DONE) {
      for (ContainerSpec spec : view.desired().regular()) {
        steps.put(spec.name(), ContainerStep.of(spec, view, sandbox, memory, now));
      }
    }
    if (finished(view.desired(), init.state(), steps)) {
      return finish(view, wishes, phase, memory, now);
    }
    Round round = new Round(view, memory, now);
    round.prepare();
    round.refreshVolumes();
    round.stopStrays(sandbox, wishes.grace());
    round.resize(sandbox);
    round.take(steps, sandbox, wishes.grace());
    round.prune();
    return round.plan(steps, true, phase);
  }

  /** Ends and removes every container in place; the next look finds a pod to begin. */
  private static PodPlan restartAll(PodView view, PodPhase phase, PodMemory memory, Instant now) {
    Round round = new Round(view, memory, now);
    List<ObservedContainer> all = RestartAll.instances(view);
    if (round.held()) {
      round.wakeAt(memory.trouble().orElseThrow().retryAt());
      return round.plan(Map.of(), true, phase);
    }
    List<PodAction.Stop> stops =
        TerminationSchedule.alive(view, memory).stream()
            .filter(all::contains)
            .map(c -> round.stop(c, "killing", Duration.ZERO))
            .toList();
    if (!stops.isEmpty()) {
      round.actions.add(new PodAction.StopContainers(stops, view.podIps()));
    }
    all.forEach(c -> round.actions.add(new PodAction.RemoveContainer(c.id(), c.name(), "")));
    return round.plan(Map.of(), true, phase);
  }

  private static boolean finished(
      DesiredPod pod, InitProgress.State init, Map<String, ContainerStep> steps) {
    return switch (init) {
      case UNDER_WAY -> false;
      case FAILED -> true;
      case DONE ->
          pod.regular().stream().allMatch(c -> steps.get(c.name()) instanceof ContainerStep.Ended);
    };
  }

  private static PodPlan newSandbox(
      PodView view, PodWishes wishes, PodPhase phase, int attempt, PodMemory memory, Instant now) {
    if (overWithoutSandbox(view)) {
      return finish(view, wishes, phase, memory, now);
    }
    Round round = new Round(view, memory, now);
    List<PodAction> clearing = TerminationSchedule.next(view, now.plus(wishes.grace()), memory);
    if (!clearing.isEmpty() || attempt > 0) {
      round.announce(
          "",
          "sandbox " + attempt,
          PodEvent.normal(
              "SandboxChanged", "Pod sandbox changed, it will be killed and re-created."));
    }
    if (round.held()) {
      round.wakeAt(memory.trouble().orElseThrow().retryAt());
    } else if (!clearing.isEmpty()) {
      round.actions.addAll(clearing);
    } else {
      round.prepare();
      round.actions.add(new PodAction.MountVolumes());
      round.actions.add(new PodAction.CreateSandbox(attempt));
    }
    return round.plan(Map.of(), false, phase);
  }

  /**
   * Whether a pod that lost its sandbox is over. One that never restarts is, once any of its
   * containers was made.
   */
  private static boolean overWithoutSandbox(PodView view) {
    DesiredPod pod = view.desired();
    boolean never =
        pod.containers().stream()
            .filter(c -> c.kind() != ContainerSpec.Kind.EPHEMERAL && !c.sidecar())
            .allMatch(c -> RestartDecision.policy(pod, c).equals("Never"));
    if (never && view.observed().containers().stream().anyMatch(c -> made(c, pod))) {
      return true;
    }
    return !pod.regular().isEmpty() && pod.regular().stream().allMatch(c -> overFor(c, view));
  }

  private static boolean made(ObservedContainer is, DesiredPod pod) {
    return pod.container(is.name())
        .filter(c -> c.kind() != ContainerSpec.Kind.EPHEMERAL && !c.sidecar())
        .isPresent();
  }

  /** Whether a container ended for good in an earlier sandbox. */
  private static boolean overFor(ContainerSpec spec, PodView view) {
    return view.observed()
        .newest(spec.name())
        .filter(ObservedContainer::exited)
        .filter(c -> !RestartDecision.policyRestarts(view.desired(), spec, c.exitCode()))
        .isPresent();
  }

  private static PodPlan finish(
      PodView view, PodWishes wishes, PodPhase from, PodMemory memory, Instant now) {
    return terminating(
        view,
        wishes,
        new PodPhase.Terminating(now.plus(wishes.grace()), TerminationReason.FINISHED),
        from,
        memory,
        now);
  }

  private static PodPlan terminating(
      PodView view,
      PodWishes wishes,
      PodPhase.Terminating phase,
      PodPhase from,
      PodMemory memory,
      Instant now) {
    List<PodAction> actions = TerminationSchedule.next(view, phase.killAt(), memory);
    if (actions.isEmpty()) {
      return terminated(view, wishes, new PodPhase.Terminated(now, phase.reason()), memory, now);
    }
    Round round = new Round(view, memory, now);
    if (from instanceof PodPhase.Syncing
        && phase.reason().equals(TerminationReason.DEADLINE_EXCEEDED)) {
      round.events.add(PodEvent.normal(phase.reason().reason(), phase.reason().message()));
    }
    if (round.held()) {
      round.wakeAt(memory.trouble().orElseThrow().retryAt());
    } else {
      round.actions.addAll(actions);
    }
    return round.plan(Map.of(), false, phase);
  }

  private static PodPlan terminated(
      PodView view, PodWishes wishes, PodPhase.Terminated phase, PodMemory memory, Instant now) {
    Round round = new Round(view, memory, now);
    if (round.held()) {
      round.wakeAt(memory.trouble().orElseThrow().retryAt());
      return round.plan(Map.of(), false, phase);
    }
    List<PodAction> late = TerminationSchedule.next(view, now, memory);
    if (!late.isEmpty()) {
      round.actions.addAll(late); // something that was begun before the end came up after it
      return round.plan(Map.of(), false, phase);
    }
    if (memory.left().volumes()) {
      round.actions.add(new PodAction.UnmountVolumes());
    }
    if (memory.left().cgroup()) {
      round.actions.add(new PodAction.RemoveCgroup());
    }
    if (wishes.removed()) {
      view.observed()
          .sandboxes()
          .forEach(s -> round.actions.add(new PodAction.RemoveSandbox(s.id())));
      if (memory.left().files()) {
        round.actions.add(new PodAction.RemoveFiles());
      }
    }
    return round.plan(Map.of(), false, phase, wishes.removed() && round.actions.isEmpty());
  }

  private static Optional<Instant> deadline(PodView view) {
    Long seconds = view.desired().pod().getSpec().getActiveDeadlineSeconds();
    String start = view.last().getStartTime();
    return seconds == null || start == null
        ? Optional.empty()
        : Optional.of(Instant.parse(start).plus(DesiredPod.graceOf(seconds)));
  }

  /** Collects the plan of one round. */
  private static final class Round {
    private final PodView view;
    private final PodMemory memory;
    private final Instant now;
    private final List<PodAction> actions = new ArrayList<>();
    private final List<PodEvent> events = new ArrayList<>();
    private final Map<String, PodMemory.Crash> crashes;
    private final Map<String, String> announced;
    private Optional<Instant> wakeAt = Optional.empty();

    Round(PodView view, PodMemory memory, Instant now) {
      this.view = view;
      this.memory = memory;
      this.now = now;
      crashes = new HashMap<>(memory.crashes());
      announced = new HashMap<>(memory.announced());
    }

    /** Whether the pod as a whole waits after a failure. */
    boolean held() {
      return memory.trouble().filter(t -> now.isBefore(t.retryAt())).isPresent();
    }

    void wakeAt(Instant at) {
      wakeAt = wakeAt.filter(w -> w.isBefore(at)).or(() -> Optional.of(at));
    }

    /** Tells something once for as long as the text about the subject stays the same. */
    void announce(String subject, String text, PodEvent event) {
      if (!text.equals(announced.put(subject, text))) {
        events.add(event);
      }
    }

    void prepare() {
      if (!memory.prepared() && !held()) {
        actions.add(new PodAction.Prepare());
      }
    }

    /** Whether containers find what they need; a failed refresh leaves what was there. */
    boolean mayStart() {
      return !held() || (memory.prepared() && memory.volumesMountedAt().isPresent());
    }

    /** Ends what runs beside the one it should be: in another sandbox, or twice. */
    void stopStrays(ObservedSandbox sandbox, Duration grace) {
      List<PodAction.Stop> strays =
          TerminationSchedule.alive(view, memory).stream()
              .filter(c -> stray(c, sandbox))
              .filter(c -> !held())
              .map(c -> stop(c, "Stopping container " + c.name(), grace))
              .toList();
      if (!strays.isEmpty()) {
        actions.add(new PodAction.StopContainers(strays, view.podIps()));
      }
    }

    private boolean stray(ObservedContainer is, ObservedSandbox sandbox) {
      return !is.sandbox().equals(sandbox.id())
          || view.observed().newest(is.name(), sandbox.id()).filter(is::equals).isEmpty();
    }

    private PodAction.Stop stop(ObservedContainer is, String message, Duration grace) {
      return stop(is, message, grace, false);
    }

    private PodAction.Stop stop(
        ObservedContainer is, String message, Duration grace, boolean replaced) {
      boolean first = !memory.stopping().contains(is.id());
      return new PodAction.Stop(
          is.id(), is.name(), now.plus(grace), first, message, List.of(), replaced);
    }

    void refreshVolumes() {
      if (held()) {
        wakeAt(memory.trouble().orElseThrow().retryAt());
        return;
      }
      int spread = Math.floorMod(view.desired().uid().hashCode(), REFRESH_SPREAD_SECONDS);
      Optional<Instant> due =
          memory.volumesMountedAt().map(at -> at.plus(REFRESH).plusSeconds(spread));
      if (due.isEmpty() || !now.isBefore(due.get())) {
        actions.add(new PodAction.MountVolumes());
      }
      wakeAt(due.orElse(now.plus(REFRESH)));
    }

    void resize(ObservedSandbox sandbox) {
      List<PodAction.Change> changes = Resizing.changes(view, sandbox, memory);
      Optional<PodAction.PodChange> ofPod = Resizing.ofPod(view);
      if ((!changes.isEmpty() || ofPod.isPresent()) && !held()) {
        actions.add(new PodAction.Resize(changes, ofPod));
      }
    }

    void take(Map<String, ContainerStep> steps, ObservedSandbox sandbox, Duration grace) {
      List<PodAction.Stop> stops = new ArrayList<>();
      List<PodAction> starts = new ArrayList<>();
      for (ContainerSpec spec : inStartOrder()) {
        ContainerStep step = steps.get(spec.name());
        if (step == null) {
          continue;
        }
        switch (step) {
          case ContainerStep.Keep(ObservedContainer running) -> lookSoon(spec, running);
          case ContainerStep.Stop(
                  ObservedContainer running,
                  String message,
                  var own,
                  boolean isReplaced) -> {
            if (!held() || !memory.stopping().contains(running.id())) {
              stops.add(stop(running, message, own.orElse(grace), isReplaced));
            }
          }
          case ContainerStep.Wait wait -> {
            wakeAt(wait.until());
            wait.event()
                .ifPresent(
                    e -> announce(spec.name(), wait.reason() + wait.message() + wait.until(), e));
          }
          case ContainerStep.Start start -> {
            if (mayStart() && (start.leftover().isEmpty() || !held())) {
              start.leftover().ifPresent(l -> starts.add(PodAction.RemoveContainer.of(l)));
              start.crash().ifPresent(c -> crashes.put(spec.name(), c));
              starts.add(start(spec, sandbox, start));
            }
          }
          case ContainerStep.Ended _ -> {}
        }
      }
      if (!stops.isEmpty()) {
        actions.add(new PodAction.StopContainers(stops, view.podIps()));
      }
      actions.addAll(starts);
    }

    private List<ContainerSpec> inStartOrder() {
      List<ContainerSpec> all = new ArrayList<>(view.desired().ephemeral());
      all.addAll(view.desired().init());
      all.addAll(view.desired().regular());
      return all;
    }

    private PodAction start(
        ContainerSpec spec, ObservedSandbox sandbox, ContainerStep.Start start) {
      return new PodAction.StartContainer(
          spec,
          sandbox,
          start.restartCount(),
          view.desired()
              .target(spec)
              .flatMap(t -> view.observed().newest(t))
              .map(ObservedContainer::id),
          view.observed().hasRunIn(sandbox.id()));
    }

    private void lookSoon(ContainerSpec spec, ObservedContainer running) {
      if (spec.kind() == ContainerSpec.Kind.INIT) {
        Duration age = Duration.between(running.startedAt().orElse(running.createdAt()), now);
        Duration pause = age.dividedBy(4);
        if (pause.compareTo(SOON_LONGEST) < 0) {
          wakeAt(now.plus(pause.compareTo(SOON_FIRST) < 0 ? SOON_FIRST : pause));
        }
      }
    }

    /** The newest and the one before it stay, for status and logs. */
    void prune() {
      if (held()) {
        return;
      }
      List<ObservedContainer> alive = TerminationSchedule.alive(view, memory);
      view.desired().containers().stream()
          .flatMap(spec -> view.observed().instances(spec.name()).stream().skip(2))
          .filter(c -> !alive.contains(c))
          .forEach(c -> actions.add(PodAction.RemoveContainer.of(c)));
      view.observed().sandboxes().stream()
          .skip(1)
          .filter(s -> !s.ready())
          .filter(
              s -> view.observed().containers().stream().noneMatch(c -> c.sandbox().equals(s.id())))
          .forEach(s -> actions.add(new PodAction.RemoveSandbox(s.id())));
    }

    PodPlan plan(Map<String, ContainerStep> steps, boolean fit, PodPhase next) {
      return plan(steps, fit, next, false);
    }

    PodPlan plan(Map<String, ContainerStep> steps, boolean fit, PodPhase next, boolean done) {
      PodStatus status = StatusOfPod.of(view, steps, fit, next, now);
      if (next instanceof PodPhase.Syncing) {
        Resizing.mark(status, view, memory, now).ifPresent(events::add);
      }
      deadline(view).filter(now::isBefore).ifPresent(this::wakeAt);
      boolean clear = Stream.of(memory.left().volumes(), memory.left().cgroup()).noneMatch(b -> b);
      boolean finished = next instanceof PodPhase.Terminated && clear && view.desired().deleting();
      PodMemory after = memory.copy().status(status).crashes(crashes).announced(announced).build();
      return new PodPlan(
          actions,
          new PodReport(view.desired(), status, finished),
          events,
          next,
          after,
          done,
          wakeAt);
    }
  }
}
