package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerRestartRule;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.kubelet.pod.ModelRuntime.Box;
import org.k3sjvm.kubelet.pod.ModelRuntime.Can;

/** What must hold at all times, told from what is true, not from what the planner thinks. */
final class ModelLaws {
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(10);
  private static final Duration SHORT_RUN = Duration.ofMinutes(5);
  private static final List<String> OVER = List.of("Succeeded", "Failed");

  private final PodModel model;
  private final Set<String> late = new HashSet<>();
  private final Map<String, Integer> counts = new HashMap<>();
  private final Map<String, Integer> restarts = new HashMap<>();
  private final Set<Can> replaced = new HashSet<>();
  private final Set<Can> told = new HashSet<>();
  private boolean lateSandbox;
  private boolean forgetful;
  private boolean mustEnd;
  private boolean finished;
  private Left left = new Left(false, false, false);
  private PodPhase phase = new PodPhase.Syncing();
  private String terminal = "";
  private String startTime = "";

  private record Left(boolean volumes, boolean cgroup, boolean files) {}

  ModelLaws(PodModel model) {
    this.model = model;
  }

  void check(boolean holds, String law) {
    if (!holds) {
      throw new AssertionError("broken: " + law);
    }
  }

  private void check(boolean holds, String law, Object of) {
    if (!holds) {
      throw new AssertionError("broken: " + law + ": " + of);
    }
  }

  boolean finished() {
    return finished;
  }

  // --- what happens ---

  void restarted(PodStatus known) {
    phase = new PodPhase.Syncing();
    mustEnd = false;
    restarts.clear();
    counts.clear();
    known.getInitContainerStatuses().forEach(this::count);
    known.getContainerStatuses().forEach(this::count);
    terminal = OVER.contains(String.valueOf(known.getPhase())) ? known.getPhase() : "";
    startTime = known.getStartTime() == null ? "" : known.getStartTime();
  }

  void left(boolean volumes, boolean cgroup, boolean files) {
    left = new Left(volumes, cgroup, files);
  }

  void lateSandbox() {
    lateSandbox = true;
  }

  void late(String name) {
    late.add(name);
  }

  /** Another definition is tried at once, and so is the old one after it. */
  void edited(String name) {
    restarts.remove(name);
  }

  void lost(Can can) {
    told.remove(can);
  }

  void vanished(Can can) {
    forgetful = true;
    restarts.remove(can.name());
  }

  void ended(Can can) {
    told.add(can);
  }

  void removes(Can can) {
    check(!can.running(), "no running container is removed", can.name());
    if (newest(can.name()).filter(n -> n == can).isPresent()) {
      can.box.initDone.remove(can.name());
      restarts.remove(can.name());
    }
  }

  // --- what the worker does ---

  void before() {
    mustEnd |= model.inbox.wishes().end().isPresent();
  }

  /** Just before something comes to life: a wish to end it would have been heard. */
  void begins(String what) {
    check(model.inbox.wishes().end().isEmpty(), "nothing starts once the end is wished", what);
  }

  void mayDo(DesiredPod pod, PodAction action) {
    boolean syncing = !mustEnd && model.worker.snapshot().phase() instanceof PodPhase.Syncing;
    switch (action) {
      case PodAction.Prepare _, PodAction.MountVolumes _ ->
          check(syncing, "nothing is made once the pod ends");
      case PodAction.CreateSandbox(int attempt) -> {
        check(syncing, "no sandbox starts once the pod ends");
        check(model.runtime.ready() == 0 || lateSandbox, "no second sandbox");
        check(
            model.runtime.boxes.stream().allMatch(b -> b.attempt < attempt) || lateSandbox,
            "attempts of sandboxes grow");
      }
      case PodAction.StartContainer start -> {
        check(syncing, "no container starts once the pod ends", start.spec().name());
        starts(pod, start);
      }
      case PodAction.Resize _ -> check(syncing, "nothing is changed once the pod ends");
      case PodAction.StopContainers(List<PodAction.Stop> stops, var _) -> stops(pod, stops);
      case PodAction.RemoveContainer _, PodAction.StopSandbox _ -> {}
      case PodAction.RemoveSandbox(var id) ->
          check(
              model.runtime.find(id).filter(b -> b.ready).isEmpty() || lateSandbox,
              "a sandbox ends before it is removed");
      case PodAction.UnmountVolumes _, PodAction.RemoveCgroup _, PodAction.RemoveFiles _ ->
          nothingRuns("nothing is taken from a container that runs");
    }
  }

  private void starts(DesiredPod pod, PodAction.StartContainer start) {
    ContainerSpec spec = start.spec();
    String name = spec.name();
    Optional<Box> box = model.runtime.find(start.sandbox().id());
    check(box.filter(b -> b.ready).isPresent(), "containers start in a sandbox", name);
    if (!late.contains(name)) {
      check(
          model.runtime.cans.stream().noneMatch(c -> c.name().equals(name) && mayRun(c)),
          "one instance of a container at a time",
          name);
    }
    check(start.restartCount() >= counts.getOrDefault(name, 0), "restarts are counted", name);
    Optional<Can> last = newest(name);
    last.filter(c -> c.state != ContainerState.CREATED && !late.contains(name))
        .ifPresent(c -> check(start.restartCount() > c.attempt, "each start is counted", name));
    boolean begun = recorded(box.get(), ContainerSpec.Kind.REGULAR);
    switch (spec.kind()) {
      case INIT -> {
        check(!begun || !late.isEmpty(), "no init container runs beside regular ones", name);
        turn(pod, spec, box.get());
      }
      case SIDECAR, REGULAR -> {
        if (!begun && last.filter(c -> c.box == box.get()).isEmpty()) {
          turn(pod, spec, box.get());
        }
      }
      case EPHEMERAL ->
          check(
              late.contains(name) || last.filter(c -> c.state != ContainerState.CREATED).isEmpty(),
              "ephemeral containers run once",
              name);
    }
    boolean sameBox = last.filter(c -> c.box == box.get()).isPresent();
    if (spec.kind() == ContainerSpec.Kind.REGULAR || sameBox) {
      last.ifPresent(c -> again(pod, spec, c));
    } else {
      restarts.remove(name);
    }
  }

  /** Those before it have had theirs: init containers are done, sidecars up. */
  private void turn(DesiredPod pod, ContainerSpec spec, Box box) {
    if (!late.isEmpty()) {
      return; // whoever comes up out of turn looks as if those before it had theirs
    }
    for (ContainerSpec before : pod.init()) {
      if (before.name().equals(spec.name())) {
        return;
      }
      String law = spec.name() + " starts in its turn, after " + before.name();
      if (before.sidecar()) {
        check(forgetful || box.up.contains(before.name()) || wasUp(before, box), law);
        box.up.add(before.name());
      } else {
        check(box.initDone.contains(before.name()), law);
        check(
            model.runtime.running().stream()
                .noneMatch(c -> c.name().equals(before.name()) && !late.contains(c.name())),
            law);
      }
    }
  }

  private boolean wasUp(ContainerSpec sidecar, Box box) {
    return model.runtime.cans.stream()
        .filter(c -> c.box == box && c.name().equals(sidecar.name()))
        .filter(c -> c.state != ContainerState.CREATED)
        .anyMatch(
            c ->
                sidecar.container().getStartupProbe() == null
                    || model.verdict(c.id, ProbeVerdicts.Kind.STARTUP)
                        == ProbeVerdicts.Verdict.SUCCESS);
  }

  private void again(DesiredPod pod, ContainerSpec spec, Can last) {
    if (last.state != ContainerState.EXITED || late.contains(last.name())) {
      return;
    }
    String name = spec.name();
    boolean edited = replaced.contains(last);
    check(
        edited || runsAgain(pod, spec.container(), spec.kind(), last.exitCode),
        "what ended for good never runs again",
        name);
    boolean same =
        ContainerHash.of(last.spec.container()).equals(ContainerHash.of(spec.container()));
    int before = same ? restarts.getOrDefault(name, 0) : 0;
    if (before > 0 && !edited && run(last).compareTo(SHORT_RUN) < 0) {
      check(!model.now.isBefore(last.finished.plus(FIRST_PAUSE)), "who keeps ending waits", name);
    }
    restarts.put(name, before + 1);
  }

  private void stops(DesiredPod pod, List<PodAction.Stop> stops) {
    List<Can> running = model.runtime.running();
    Set<Can> named = new HashSet<>();
    for (PodAction.Stop stop : stops) {
      model
          .runtime
          .find(stop.id())
          .ifPresent(
              c -> {
                named.add(c);
                told.add(c);
                if (stop.message().contains("definition changed")) {
                  replaced.add(c);
                }
              });
      if (model.worker.snapshot().phase() instanceof PodPhase.Terminating(Instant at, var _)) {
        check(!stop.killAt().isAfter(at), "no container outlives the pod's grace", stop.name());
      }
    }
    if (!(model.worker.snapshot().phase() instanceof PodPhase.Syncing)
        && named.containsAll(running)) {
      stops.forEach(s -> inOrder(pod, s, running));
    }
  }

  private void inOrder(DesiredPod pod, PodAction.Stop stop, List<Can> running) {
    List<String> init = pod.init().stream().map(ContainerSpec::name).toList();
    int place = init.indexOf(stop.name());
    boolean sidecar = place >= 0 && pod.init().get(place).sidecar();
    for (Can other : running) {
      boolean serves =
          sidecar
              && (other.spec.kind() == ContainerSpec.Kind.REGULAR
                  || (other.spec.sidecar() && init.indexOf(other.name()) > place));
      check(
          stop.after().contains(other.id) == serves || model.runtime.running().size() == 1,
          "sidecars outlive whom they serve, and nobody else waits",
          stop.name() + " and " + other.name());
    }
  }

  // --- what is true after a step ---

  void after(boolean over) {
    PodPhase next = model.worker.snapshot().phase();
    check(rank(next) >= rank(phase), "phases go one way", next);
    if (phase instanceof PodPhase.Terminating(Instant before, var _)
        && next instanceof PodPhase.Terminating(Instant at, var _)) {
      check(!at.isAfter(before), "the end never moves away");
    }
    phase = next;
    check(model.runtime.ready() <= 1 || lateSandbox, "at most one sandbox");
    if (over) {
      check(model.runtime.boxes.isEmpty(), "no sandbox is left");
      check(model.runtime.cans.isEmpty(), "no container is left");
      check(left.equals(new Left(false, false, false)), "nothing is left on the disk", left);
    }
  }

  void report(PodReport report) {
    PodStatus status = report.status();
    status.getInitContainerStatuses().forEach(this::count);
    status.getContainerStatuses().forEach(this::count);
    boolean over = OVER.contains(status.getPhase());
    if (!terminal.isEmpty()) {
      check(status.getPhase().equals(terminal), "an ended pod stays ended", status.getPhase());
    } else if (over) {
      terminal = status.getPhase();
    }
    check(startTime.isEmpty() || startTime.equals(status.getStartTime()), "the start time stays");
    startTime = status.getStartTime();
    if (over && !(model.worker.snapshot().phase() instanceof PodPhase.Syncing)) {
      nothingRuns("a pod that is told to be over does not run");
    }
    if (report.finished()) {
      check(over, "a pod goes only after its end was told");
      nothingRuns("a pod that is done does not run");
      check(!left.volumes() && !left.cgroup(), "a pod that is done uses nothing");
      finished = true;
    }
  }

  /** After a long time in which nothing was wrong. */
  void settled() {
    PodPhase is = model.worker.snapshot().phase();
    check(!(is instanceof PodPhase.Terminating), "an end comes to its end");
    if (!(is instanceof PodPhase.Syncing)) {
      nothingRuns("nothing runs in a pod that ended");
      return;
    }
    DesiredPod pod =
        DesiredPod.of(ModelShapes.pod(model.spec(), new PodStatus(), Optional.empty()));
    check(model.runtime.ready() == 1, "a pod that runs has one sandbox");
    check(
        pod.regular().stream().anyMatch(c -> runs(c)), "a pod that runs has a container that does");
    for (ContainerSpec spec : pod.containers()) {
      boolean wanted =
          switch (spec.kind()) {
            case INIT, EPHEMERAL -> false;
            case SIDECAR -> true;
            case REGULAR ->
                newest(spec.name())
                    .map(c -> runsAgain(pod, spec.container(), spec.kind(), exitCode(c)))
                    .orElse(true);
          };
      check(runs(spec) || !wanted, "what should run does", spec.name());
      if (spec.kind() == ContainerSpec.Kind.EPHEMERAL) {
        check(forgetful || newest(spec.name()).isPresent(), "ephemeral containers run");
      }
    }
  }

  private boolean runs(ContainerSpec spec) {
    List<Can> of =
        model.runtime.running().stream().filter(c -> c.name().equals(spec.name())).toList();
    check(of.size() <= 1, "one instance runs", spec.name());
    return !of.isEmpty()
        && of.getFirst().spec.container().getImage().equals(spec.container().getImage());
  }

  private void nothingRuns(String law) {
    check(
        model.runtime.running().isEmpty() || !late.isEmpty(), law, model.runtime.running().size());
  }

  private void count(ContainerStatus status) {
    int before = counts.getOrDefault(status.getName(), 0);
    int is = status.getRestartCount() == null ? 0 : status.getRestartCount();
    check(is >= before, "restart counts never go back", status.getName());
    counts.put(status.getName(), is);
  }

  private boolean mayRun(Can can) {
    return can.running() || (can.state == ContainerState.UNKNOWN && !told.contains(can));
  }

  private boolean recorded(Box box, ContainerSpec.Kind kind) {
    return model.runtime.cans.stream().anyMatch(c -> c.box == box && c.spec.kind() == kind);
  }

  private Optional<Can> newest(String name) {
    Can found = null;
    for (Can can : model.runtime.cans) {
      if (can.name().equals(name) && (found == null || can.created.isAfter(found.created))) {
        found = can;
      }
    }
    return Optional.ofNullable(found);
  }

  private static int exitCode(Can can) {
    return can.state == ContainerState.EXITED ? can.exitCode : 137;
  }

  private static Duration run(Can can) {
    return Duration.between(can.started, can.finished);
  }

  private static int rank(PodPhase phase) {
    return switch (phase) {
      case PodPhase.Syncing _ -> 0;
      case PodPhase.Terminating _ -> 1;
      case PodPhase.Terminated _ -> 2;
    };
  }

  /** The rules once more, in words of their own. */
  private static boolean runsAgain(
      DesiredPod pod, Container container, ContainerSpec.Kind kind, int exitCode) {
    if (kind == ContainerSpec.Kind.INIT && exitCode == 0) {
      return false;
    }
    String policy = pod.pod().getSpec().getRestartPolicy();
    if (container.getRestartPolicy() != null) {
      policy = container.getRestartPolicy();
      for (ContainerRestartRule rule : container.getRestartPolicyRules()) {
        if (rule.getExitCodes().getValues().contains(exitCode)) {
          return true;
        }
      }
    }
    return policy.equals("Always") || (policy.equals("OnFailure") && exitCode != 0);
  }
}
