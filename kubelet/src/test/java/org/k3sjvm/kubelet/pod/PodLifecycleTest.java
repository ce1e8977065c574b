package org.k3sjvm.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EphemeralContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.SandboxId;

/** Sidecars, ephemeral containers, restart rules and ends, each as one look and its plan. */
class PodLifecycleTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final ObservedSandbox SANDBOX =
      new ObservedSandbox(new SandboxId("s0"), 0, true, NOW, false, List.of("10.42.0.5"));

  private final List<ObservedSandbox> sandboxes = new ArrayList<>(List.of(SANDBOX));
  private final List<ObservedContainer> containers = new ArrayList<>();
  private final Map<ContainerId, ProbeVerdicts.Kind> failed = new HashMap<>();
  private final PodBuilder pod =
      new PodBuilder()
          .withNewMetadata()
          .withName("web")
          .withNamespace("default")
          .withUid("u1")
          .endMetadata()
          .withNewSpec()
          .withRestartPolicy("Always")
          .endSpec();
  private PodMemory memory = ready(new PodStatus());
  private PodPhase phase = new PodPhase.Syncing();
  private Optional<PodWishes.Kill> kill = Optional.empty();
  private RestartPace pace = RestartPace.DEFAULT;
  private Instant now = NOW;

  @ParameterizedTest
  @CsvSource({
    // pod, own, rule's action, operator, codes, exit code, whether it runs again
    "Never, ,, , , 1, false",
    "Never, Always,, , , 0, true",
    "Never, OnFailure,, , , 0, false",
    "Never, OnFailure,, , , 1, true",
    "Always, Never,, , , 1, false",
    "Always, Never, Restart, In, 42, 42, true",
    "Always, Never, Restart, In, 42, 41, false",
    "Never, Never, Restart, NotIn, 42, 41, true",
    "Never, Never, Restart, NotIn, 42, 42, false",
    "Never, Never, Dance, In, 42, 42, false",
    "Never, Never, Restart, About, 42, 42, false",
    "Never, , Restart, In, 42, 42, false"
  })
  void aContainersOwnWordComesBeforeThePods(
      String podPolicy,
      String own,
      String action,
      String operator,
      Integer codes,
      int exit,
      boolean again) {
    pod.editSpec().withRestartPolicy(podPolicy).endSpec();
    regular(
        "app",
        c -> {
          c.withRestartPolicy(own);
          rule(c, action, operator, codes);
        });
    ended("app", exit);

    assertThat(starts()).hasSize(again ? 1 : 0);
    assertThat(plan().next() instanceof PodPhase.Syncing).isEqualTo(again);
  }

  @Test
  void theFirstRuleThatMatchesDecides() {
    regular(
        "app",
        c -> {
          c.withRestartPolicy("Always");
          rule(c, "Dance", "In", 3);
          rule(c, "RestartAllContainers", "In", 3);
        });
    ended("app", 3);

    assertThat(starts()).containsExactly("app#1");
  }

  @Test
  void aRuleStartsTheWholePodOverInItsSandbox() {
    init("prepare", c -> {});
    init("mesh", c -> c.withRestartPolicy("Always"));
    regular("app", c -> {});
    regular(
        "worker",
        c -> {
          c.withRestartPolicy("Never");
          rule(c, "RestartAllContainers", "In", 88);
        });
    ephemeral("debug", "");
    ended("prepare", 0);
    running("mesh");
    running("app");
    running("debug");
    ended("worker", 88);

    PodPlan plan = plan();

    assertThat(text(plan))
        .as("who asked goes last")
        .containsExactly(
            "stop mesh app", "remove app", "remove prepare", "remove mesh", "remove worker");
    assertThat(stop(plan, "app").killAt()).isEqualTo(NOW);

    memory = plan.memory();
    containers.removeIf(c -> !c.name().equals("debug"));
    assertThat(starts()).containsExactly("prepare#1");
  }

  @Test
  void aFailedInitContainerWithOwnPolicyIsTriedAgainInAPodThatNeverRestarts() {
    pod.editSpec().withRestartPolicy("Never").endSpec();
    init("prepare", c -> c.withRestartPolicy("OnFailure"));
    regular("app", c -> {});
    ended("prepare", 1);

    assertThat(starts()).containsExactly("prepare#1");
  }

  @Test
  void sidecarsHoldTheNextOneUntilTheirStartUpProbeAgrees() {
    init("mesh", c -> c.withRestartPolicy("Always").withNewStartupProbe().endStartupProbe());
    regular("app", c -> {});
    running("mesh");

    assertThat(text(plan())).isEmpty();
  }

  @Test
  void sidecarsRunAgainAlsoWhenThePodNeverRestartsAndHasBegun() {
    pod.editSpec().withRestartPolicy("Never").endSpec();
    init("mesh", c -> c.withRestartPolicy("Always"));
    regular("app", c -> {});
    ended("mesh", 0);
    running("app");

    assertThat(starts()).containsExactly("mesh#1");
  }

  @Test
  void initContainersWhoseRecordsAreGoneDoNotRunAgain() {
    init("one", c -> {});
    init("two", c -> {});
    init("mesh", c -> c.withRestartPolicy("Always"));
    init("three", c -> {});
    regular("app", c -> {});
    ended("three", 0);

    assertThat(starts()).containsExactly("mesh#0", "app#0");
  }

  @Test
  void editingAFinishedInitContainerChangesNothingButASidecarIsReplaced() {
    init("prepare", c -> c.withImage("other:2"));
    init("mesh", c -> c.withRestartPolicy("Always").withImage("other:2"));
    regular("app", c -> {});
    ended("prepare", 0);
    running("mesh");
    running("app");

    PodPlan plan = plan();

    assertThat(text(plan)).containsExactly("stop mesh");
    assertThat(stop(plan, "mesh").message()).isEqualTo("Init container mesh definition changed");
  }

  @Test
  void sidecarsEndAfterThoseTheyServeAndInReverse() {
    init("first", c -> c.withRestartPolicy("Always"));
    init("second", c -> c.withRestartPolicy("Always"));
    regular("app", c -> {});
    ephemeral("debug", "");
    List.of("first", "second", "app", "debug").forEach(this::running);
    delete(30);

    PodPlan plan = plan();

    assertThat(stop(plan, "app").after()).isEmpty();
    assertThat(stop(plan, "debug").after()).isEmpty();
    assertThat(stop(plan, "second").after()).containsExactly(new ContainerId("app0"));
    assertThat(stop(plan, "first").after())
        .containsExactlyInAnyOrder(new ContainerId("app0"), new ContainerId("second0"));
    assertThat(((PodAction.StopContainers) plan.actions().getFirst()).podIps())
        .containsExactly("10.42.0.5");
  }

  @Test
  void aPodIsOverWithItsRegularContainersAndTakesSidecarsAlong() {
    pod.editSpec().withRestartPolicy("OnFailure").endSpec();
    init("mesh", c -> c.withRestartPolicy("Always"));
    regular("app", c -> {});
    ended("mesh", 1);
    ended("app", 0);

    PodPlan plan = plan();

    assertThat(starts(plan)).isEmpty();
    assertThat(plan.next()).isInstanceOf(PodPhase.Terminating.class);
  }

  @Test
  void ephemeralContainersStartDuringInitAndOnlyOnce() {
    init("prepare", c -> {});
    regular("app", c -> {});
    ephemeral("debug", "app");
    running("prepare");
    assertThat(starts()).containsExactly("debug#0");

    ended("debug", 1);
    assertThat(starts()).isEmpty();

    sandboxes.clear();
    sandboxes.add(
        new ObservedSandbox(new SandboxId("s1"), 1, true, NOW, false, List.of("10.42.0.6")));
    assertThat(starts()).containsExactly("prepare#1");
  }

  @Test
  void anEphemeralContainerSeesTheProcessesOfItsTarget() {
    regular("app", c -> {});
    ephemeral("debug", "app");
    running("app");

    assertThat(plan().actions())
        .first()
        .isInstanceOfSatisfying(
            PodAction.StartContainer.class,
            s -> assertThat(s.target()).contains(new ContainerId("app0")));
  }

  @ParameterizedTest
  @CsvSource({"Always, true", "Never, false"})
  void aContainerOfUnknownStateIsStoppedThenDoneWithByPolicy(String policy, boolean again) {
    pod.editSpec().withRestartPolicy(policy).endSpec();
    regular("app", c -> {});
    is("app", ContainerState.UNKNOWN, 0);

    PodPlan plan = plan();
    assertThat(stop(plan, "app").message())
        .isEqualTo("Container is in \"unknown\" state, try killing it before restart");

    memory = plan.memory().after(plan.actions().getFirst(), ActionResult.DONE, NOW);
    assertThat(starts()).hasSize(again ? 1 : 0);
    assertThat(plan().next() instanceof PodPhase.Syncing).isEqualTo(again);
  }

  @Test
  void aProbesOwnGraceCountsUnlessThePodIsDeleted() {
    regular(
        "app",
        c -> c.withNewLivenessProbe().withTerminationGracePeriodSeconds(7L).endLivenessProbe());
    running("app");
    failed.put(new ContainerId("app0"), ProbeVerdicts.Kind.LIVENESS);

    assertThat(stop(plan(), "app").killAt()).isEqualTo(NOW.plusSeconds(7));
    assertThat(stop(plan(), "app").message())
        .isEqualTo("Container app failed liveness probe, will be restarted");

    delete(20);
    assertThat(stop(plan(), "app").killAt()).isEqualTo(NOW.plusSeconds(20));
  }

  @Test
  void aHookRunsOnceAlsoWhenTheStopIsTriedAgain() {
    regular("app", c -> c.withNewLivenessProbe().endLivenessProbe());
    running("app");
    failed.put(new ContainerId("app0"), ProbeVerdicts.Kind.LIVENESS);
    PodPlan plan = plan();
    assertThat(stop(plan, "app").first()).isTrue();

    memory =
        plan.memory()
            .after(plan.actions().getFirst(), new ActionResult.Failed("FailedKillPod", "x"), NOW);
    assertThat(text(plan())).as("waits before another try").isEmpty();
    now = NOW.plusSeconds(2);
    assertThat(stop(plan(), "app").first()).isFalse();
  }

  @Test
  void aFailedPostStartHookEndsTheContainerAndIsShown() {
    regular("app", c -> {});
    PodAction start = plan().actions().getFirst();
    memory =
        memory.after(
            start,
            new ActionResult.Started(new ContainerId("app0"), Optional.of("exited with 1")),
            NOW);
    running("app");
    assertThat(stop(plan(), "app").message()).isEqualTo("FailedPostStartHook");

    containers.clear();
    ended("app", 137);
    assertThat(
            plan()
                .report()
                .status()
                .getContainerStatuses()
                .getFirst()
                .getState()
                .getWaiting()
                .getReason())
        .isEqualTo("PostStartHookError");
  }

  @Test
  void anEditDoesNotWakeWhatHadEndedByItself() {
    pod.editSpec().withRestartPolicy("Never").endSpec();
    regular("app", c -> c.withImage("other:2"));
    regular("other", c -> {});
    ended("app", 0);
    running("other");

    assertThat(text(plan())).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"Always, false", "OnFailure, false", "Never, true"})
  void aPodThatNeverRestartsIsOverWhenItsSandboxDies(String policy, boolean over) {
    pod.editSpec().withRestartPolicy(policy).endSpec();
    regular("app", c -> {});
    regular("late", c -> {});
    ended("app", 137);
    sandboxes.clear();
    sandboxes.add(new ObservedSandbox(new SandboxId("s0"), 0, false, NOW, false, List.of()));

    assertThat(plan().next() instanceof PodPhase.Terminating).isEqualTo(over);
    assertThat(text(plan())).containsExactly("end s0");
  }

  @Test
  void whatRunsInAnotherSandboxOrTwiceIsEnded() {
    regular("app", c -> {});
    running("app");
    containers.add(observed("app", ContainerState.RUNNING, 1, 0, new SandboxId("s0")));
    containers.add(observed("gone", ContainerState.RUNNING, 0, 0, new SandboxId("s9")));

    PodPlan plan = plan();

    assertThat(text(plan)).containsExactly("stop app gone");
    assertThat(stop(plan, "app").id()).as("the older one").isEqualTo(new ContainerId("app0"));
  }

  @ParameterizedTest
  @CsvSource({
    // the pause before, seconds since the restart that the last run lasted, the pause after
    "10, 30, 20",
    "200, 30, 300",
    "300, 400, 300",
    "300, 599, 300",
    "300, 601, 10"
  })
  void theBackOffDoublesUpToACapAndALongRunForgivesIt(int pause, int ran, int next) {
    regular("app", c -> {});
    String hash = ContainerHash.of(pod.build().getSpec().getContainers().getFirst());
    memory =
        memory
            .copy()
            .crashes(Map.of("app", new PodMemory.Crash(hash, Duration.ofSeconds(pause), NOW)))
            .build();
    endedAt("app", 1, NOW.plusSeconds(ran));
    now = NOW.plusSeconds(ran + pause);

    assertThat(plan().memory().crashes())
        .hasEntrySatisfying("app", c -> assertThat(c.pause()).hasSeconds(next));
  }

  @Test
  void aNodeMayRestartSoonerThanOthers() {
    pace = RestartPace.upTo(Duration.ofSeconds(3));
    regular("app", c -> {});
    ended("app", 1);

    memory = plan().memory();

    assertThat(memory.crashes())
        .hasEntrySatisfying("app", c -> assertThat(c.pause()).hasSeconds(3));
    assertThat(RestartPace.upTo(Duration.ofSeconds(60)).first()).hasSeconds(10);
  }

  @ParameterizedTest
  @CsvSource({
    // the pod's, the deletion's, the node's, what holds
    "30, , , 30",
    "0, , , 1",
    "-5, , , 1",
    "9223372036854775807, , , 315360000",
    "30, 5, , 5",
    "30, , 60, 60",
    "30, , 0, 1",
    "30, 5, 60, 5",
    "30, 50, 10, 10"
  })
  void theGracePeriodFollowsDeletionThenNodeThenPod(
      long own, Long deletion, Long node, long seconds) {
    regular("app", c -> {});
    running("app");
    pod.editSpec().withTerminationGracePeriodSeconds(own).endSpec();
    if (deletion != null) {
      delete(deletion);
    }
    kill =
        Optional.of(
            new PodWishes.Kill(
                TerminationReason.killed("Evicted", "full"),
                Optional.ofNullable(node).map(Duration::ofSeconds)));

    assertThat(plan().next())
        .isEqualTo(
            new PodPhase.Terminating(
                NOW.plusSeconds(seconds), TerminationReason.killed("Evicted", "full")));
  }

  @Test
  void whatComesUpAfterTheEndIsEndedToo() {
    regular("app", c -> {});
    running("app");
    phase = new PodPhase.Terminated(NOW, TerminationReason.DELETED);
    delete(5);

    assertThat(text(plan())).containsExactly("stop app");
    assertThat(plan().report().finished()).isFalse();
  }

  @Test
  void anotherImageIsPulledWithoutWaitingForTheOldOnesBackOff() {
    regular("app", c -> {});
    PodAction start = plan().actions().getFirst();
    memory = memory.after(start, new ActionResult.Failed("ErrImagePull", "none"), NOW);
    assertThat(starts()).isEmpty();

    pod.editSpec().editFirstContainer().withImage("other:2").endContainer().endSpec();

    assertThat(starts()).containsExactly("app#0");
  }

  @Test
  void whatIsGoneIsForgotten() {
    regular("app", c -> {});
    running("app");
    memory =
        memory.copy().stopping(Set.of(new ContainerId("old"), new ContainerId("app0"))).build();

    assertThat(plan().memory().stopping()).containsExactly(new ContainerId("app0"));
  }

  @Test
  void nothingIsTriedAgainBeforeItsTime() {
    regular("app", c -> {});
    memory =
        PodMemory.fresh(new PodStatus())
            .after(new PodAction.Prepare(), new ActionResult.Failed("x", "y"), NOW);

    assertThat(text(plan())).isEmpty();
    assertThat(plan().wakeAt()).contains(NOW.plusSeconds(1));
  }

  private PodPlan plan() {
    Pod built = pod.build();
    DesiredPod desired = DesiredPod.of(built);
    ProbeVerdicts verdicts =
        (id, kind) ->
            failed.get(id) == kind ? ProbeVerdicts.Verdict.FAILURE : ProbeVerdicts.Verdict.UNKNOWN;
    PodView view =
        new PodView(
            desired,
            new ObservedPod(sandboxes, containers),
            verdicts,
            memory.status(),
            List.of("10.0.0.1"),
            pace);
    return PodPlanner.plan(view, new PodWishes(desired, kill, false), phase, memory, now);
  }

  private List<String> starts() {
    return starts(plan());
  }

  private static List<String> starts(PodPlan plan) {
    return text(plan).stream()
        .filter(t -> t.startsWith("start "))
        .map(t -> t.substring(6))
        .toList();
  }

  private static List<String> text(PodPlan plan) {
    return plan.actions().stream()
        .map(
            a ->
                switch (a) {
                  case PodAction.StartContainer s ->
                      "start " + s.spec().name() + "#" + s.restartCount();
                  case PodAction.StopContainers s ->
                      "stop "
                          + String.join(" ", s.stops().stream().map(PodAction.Stop::name).toList());
                  case PodAction.RemoveContainer r -> "remove " + r.name();
                  case PodAction.StopSandbox s -> "end " + s.id();
                  default -> a.toString();
                })
        .toList();
  }

  private static PodAction.Stop stop(PodPlan plan, String name) {
    return plan.actions().stream()
        .filter(a -> a instanceof PodAction.StopContainers)
        .flatMap(a -> ((PodAction.StopContainers) a).stops().stream())
        .filter(s -> s.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static PodMemory ready(PodStatus status) {
    return PodMemory.fresh(status)
        .after(new PodAction.Prepare(), ActionResult.DONE, NOW)
        .after(new PodAction.MountVolumes(), ActionResult.DONE, NOW);
  }

  private void regular(String name, Consumer<ContainerBuilder> with) {
    pod.editSpec().addToContainers(container(name, with)).endSpec();
  }

  private void init(String name, Consumer<ContainerBuilder> with) {
    pod.editSpec().addToInitContainers(container(name, with)).endSpec();
  }

  private void ephemeral(String name, String target) {
    pod.editSpec()
        .addToEphemeralContainers(
            new EphemeralContainerBuilder()
                .withName(name)
                .withImage("busybox:1")
                .withTargetContainerName(target)
                .build())
        .endSpec();
  }

  private static io.fabric8.kubernetes.api.model.Container container(
      String name, Consumer<ContainerBuilder> with) {
    ContainerBuilder builder = new ContainerBuilder().withName(name).withImage("busybox:1");
    with.accept(builder);
    return builder.build();
  }

  private static void rule(ContainerBuilder to, String action, String operator, Integer... codes) {
    if (action != null) {
      to.addNewRestartPolicyRule()
          .withAction(action)
          .withNewExitCodes()
          .withOperator(operator)
          .withValues(codes)
          .endExitCodes()
          .endRestartPolicyRule();
    }
  }

  private void delete(long grace) {
    pod.editMetadata()
        .withDeletionTimestamp(NOW.toString())
        .withDeletionGracePeriodSeconds(grace)
        .endMetadata();
  }

  private void running(String name) {
    is(name, ContainerState.RUNNING, 0);
  }

  private void ended(String name, int exitCode) {
    is(name, ContainerState.EXITED, exitCode);
  }

  private void is(String name, ContainerState state, int exitCode) {
    containers.add(observed(name, state, 0, exitCode, new SandboxId("s0")));
  }

  private void endedAt(String name, int exitCode, Instant at) {
    ObservedContainer c = observed(name, ContainerState.EXITED, 0, exitCode, new SandboxId("s0"));
    containers.add(
        new ObservedContainer(
            c.id(),
            c.sandbox(),
            name,
            0,
            c.state(),
            c.hash(),
            c.createdAt(),
            c.startedAt(),
            Optional.of(at),
            exitCode,
            "",
            "",
            c.image(),
            "",
            ""));
  }

  private static ObservedContainer observed(
      String name, ContainerState state, int attempt, int exitCode, SandboxId sandbox) {
    return new ObservedContainer(
        new ContainerId(name + attempt),
        sandbox,
        name,
        attempt,
        state,
        Optional.of(ContainerHash.of(name, "busybox:1")),
        NOW.minusSeconds(60).plusMillis(attempt),
        Optional.of(NOW.minusSeconds(60)),
        state == ContainerState.EXITED ? Optional.of(NOW.minusSeconds(1)) : Optional.empty(),
        exitCode,
        "",
        "",
        "busybox:1",
        "",
        "");
  }
}
