package org.k3sjvm.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.SandboxId;

class PodPlannerTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final Instant BEFORE = NOW.minusSeconds(60);
  private static final SandboxId SANDBOX = new SandboxId("s0");

  private final List<ObservedSandbox> sandboxes = new ArrayList<>();
  private final List<ObservedContainer> containers = new ArrayList<>();
  private PodBuilder pod =
      new PodBuilder()
          .withNewMetadata()
          .withName("web")
          .withNamespace("default")
          .withUid("u1")
          .endMetadata()
          .withNewSpec()
          .withRestartPolicy("Always")
          .addNewContainer()
          .withName("app")
          .withImage("busybox:1")
          .endContainer()
          .endSpec();
  private PodMemory memory = PodMemory.fresh(new PodStatus());
  private PodPhase phase = new PodPhase.Syncing();

  @Test
  void aNewPodGetsFilesVolumesAndASandbox() {
    assertThat(plan().actions())
        .containsExactly(
            new PodAction.Prepare(), new PodAction.MountVolumes(), new PodAction.CreateSandbox(0));
    assertThat(plan().report().status().getPhase()).isEqualTo("Pending");
    assertThat(waiting(plan())).isEqualTo("ContainerCreating");
  }

  @Test
  void aSandboxThatFailsAgainAndAgainIsTriedEverLater() {
    ActionResult refused = new ActionResult.Failed("CreatePodSandboxError", "no");
    Instant now = NOW;
    List<Long> waits = new ArrayList<>();
    memory = memory.after(new PodAction.Prepare(), ActionResult.DONE, now);
    for (int i = 0; i < 6; i++) {
      memory = memory.after(new PodAction.MountVolumes(), ActionResult.DONE, now);
      memory = memory.after(new PodAction.CreateSandbox(0), refused, now);
      Instant next = memory.trouble().orElseThrow().retryAt();
      waits.add(Duration.between(now, next).toSeconds());
      now = next;
    }

    assertThat(waits).containsExactly(1L, 2L, 4L, 8L, 10L, 10L);
  }

  @Test
  void aReadySandboxGetsItsContainers() {
    sandbox(true);

    assertThat(starts(plan())).containsExactly("app#0");
  }

  @Test
  void aRunningPodNeedsNothingButFreshVolumesLater() {
    sandbox(true);
    settled();
    container("app", ContainerState.RUNNING, 0, 0);

    PodPlan plan = plan();

    assertThat(plan.actions()).isEmpty();
    assertThat(plan.wakeAt()).hasValueSatisfying(at -> assertThat(at).isAfter(NOW));
    assertThat(plan.report().status().getPhase()).isEqualTo("Running");
    assertThat(condition(plan, "Ready")).isEqualTo("True");
    assertThat(plan.report().status().getPodIP()).isEqualTo("10.42.0.5");
  }

  @Test
  void initContainersRunOneAtATime() {
    init("first", "second");
    sandbox(true);
    settled();
    assertThat(starts(plan())).containsExactly("first#0");

    container("first", ContainerState.RUNNING, 0, 0);
    assertThat(starts(plan())).isEmpty();
    assertThat(waiting(plan())).isEqualTo("PodInitializing");
    assertThat(condition(plan(), "Initialized")).isEqualTo("False");

    containers.clear();
    container("first", ContainerState.EXITED, 0, 0);
    assertThat(starts(plan())).containsExactly("second#0");

    container("second", ContainerState.EXITED, 0, 0);
    assertThat(starts(plan())).containsExactly("app#0");
    assertThat(condition(plan(), "Initialized")).isEqualTo("True");
  }

  @Test
  void aFailedInitContainerIsTriedAgainOrEndsThePod() {
    init("first");
    sandbox(true);
    settled();
    container("first", ContainerState.EXITED, 0, 1);
    assertThat(starts(plan())).containsExactly("first#1");

    pod.editSpec().withRestartPolicy("Never").endSpec();
    assertThat(plan().next()).isInstanceOf(PodPhase.Terminating.class);
  }

  @Test
  void sidecarsStartInOrderAndDoNotHoldThePodUp() {
    pod.editSpec()
        .withRestartPolicy("Never")
        .addNewInitContainer()
        .withName("mesh")
        .withImage("busybox:1")
        .withRestartPolicy("Always")
        .endInitContainer()
        .endSpec();
    sandbox(true);
    settled();
    assertThat(starts(plan())).containsExactly("mesh#0");

    container("mesh", ContainerState.RUNNING, 0, 0);
    assertThat(starts(plan())).containsExactly("app#0");

    container("app", ContainerState.EXITED, 0, 0);
    PodPlan plan = plan();
    assertThat(plan.next()).isInstanceOf(PodPhase.Terminating.class);
    assertThat(stops(plan)).containsExactly("mesh");
  }

  @Test
  void aSecondCrashWaitsTenSecondsThenTwenty() {
    sandbox(true);
    settled();
    container("app", ContainerState.EXITED, 0, 1);
    PodPlan first = plan();
    assertThat(starts(first)).containsExactly("app#1");

    memory = first.memory();
    containers.clear();
    containerEnded("app", 1, 1, NOW.minusSeconds(1));
    PodPlan second = plan();
    assertThat(starts(second)).isEmpty();
    assertThat(waiting(second)).isEqualTo("CrashLoopBackOff");
    assertThat(second.wakeAt()).contains(NOW.plusSeconds(9));
    assertThat(second.events()).extracting(PodEvent::reason).containsExactly("BackOff");
    assertThat(second.report().status().getPhase()).isEqualTo("Running");

    memory = second.memory();
    assertThat(plan().events()).isEmpty();

    containers.clear();
    containerEnded("app", 1, 1, NOW.minusSeconds(11));
    PodPlan third = plan();
    assertThat(starts(third)).containsExactly("app#2");
    assertThat(third.memory().crashes().values())
        .extracting(PodMemory.Crash::pause)
        .containsExactly(Duration.ofSeconds(20));
  }

  @ParameterizedTest
  @CsvSource({
    "Always, 0, true",
    "Always, 1, true",
    "OnFailure, 0, false",
    "OnFailure, 1, true",
    "Never, 0, false",
    "Never, 1, false"
  })
  void restartsByPolicyAndExitCode(String policy, int exitCode, boolean restarts) {
    pod.editSpec().withRestartPolicy(policy).endSpec();
    sandbox(true);
    settled();
    container("app", ContainerState.EXITED, 0, exitCode);

    PodPlan plan = plan();

    assertThat(starts(plan)).hasSize(restarts ? 1 : 0);
    assertThat(plan.next() instanceof PodPhase.Terminating).isEqualTo(!restarts);
  }

  @Test
  void anOtherImageReplacesTheContainer() {
    sandbox(true);
    settled();
    container("app", ContainerState.RUNNING, 0, 0);
    pod.editSpec().editFirstContainer().withImage("busybox:2").endContainer().endSpec();

    assertThat(stops(plan())).containsExactly("app");

    containers.clear();
    containerEnded("app", 0, 0, NOW.minusSeconds(1));
    assertThat(starts(plan())).containsExactly("app#1");
  }

  @Test
  void aHashOfAnOlderKubeletRestartsNothing() {
    sandbox(true);
    settled();
    containers.add(
        container(
            "app",
            ContainerState.RUNNING,
            0,
            0,
            Optional.of("cafe"),
            "docker.io/library/busybox:1"));

    assertThat(plan().actions()).isEmpty();
  }

  @Test
  void aDeadSandboxIsReplacedAndItsContainersCounted() {
    sandbox(false);
    settled();
    container("app", ContainerState.EXITED, 2, 137);

    PodPlan ending = plan();

    assertThat(ending.actions()).containsExactly(new PodAction.StopSandbox(SANDBOX));
    assertThat(ending.events()).extracting(PodEvent::reason).containsExactly("SandboxChanged");

    memory = ending.memory().after(ending.actions().getFirst(), ActionResult.DONE, NOW);
    assertThat(plan().actions()).last().isEqualTo(new PodAction.CreateSandbox(1));
    assertThat(plan().events()).isEmpty();

    sandboxes.add(
        new ObservedSandbox(new SandboxId("s1"), 1, true, NOW, false, List.of("10.42.0.6")));
    assertThat(starts(plan())).containsExactly("app#3");
  }

  @Test
  void nothingStartsOnceThePodIsDeleted() {
    sandbox(true);
    settled();
    container("app", ContainerState.RUNNING, 0, 0);
    delete(30);

    PodPlan plan = plan();

    assertThat(plan.next())
        .isEqualTo(new PodPhase.Terminating(NOW.plusSeconds(30), TerminationReason.DELETED));
    assertThat(stops(plan)).containsExactly("app");

    phase = plan.next();
    delete(5);
    assertThat(plan().next())
        .isEqualTo(new PodPhase.Terminating(NOW.plusSeconds(5), TerminationReason.DELETED));
    delete(60);
    assertThat(((PodPhase.Terminating) plan().next()).killAt()).isEqualTo(NOW.plusSeconds(30));
  }

  @Test
  void aDeletedPodEndsItsSandboxThenClearsUpThenIsFinished() {
    sandbox(true);
    settled();
    containerEnded("app", 0, 0, NOW);
    delete(5);
    PodPlan stopping = plan();
    assertThat(stopping.actions()).containsExactly(new PodAction.StopSandbox(SANDBOX));

    sandboxes.clear();
    sandbox(false);
    phase = stopping.next();
    memory = stopping.memory().after(stopping.actions().getFirst(), ActionResult.DONE, NOW);
    PodPlan clearing = plan();
    assertThat(clearing.actions())
        .containsExactly(new PodAction.UnmountVolumes(), new PodAction.RemoveCgroup());
    assertThat(clearing.report().status().getPhase()).isEqualTo("Succeeded");
    assertThat(clearing.report().finished()).isFalse();

    phase = clearing.next();
    memory =
        clearing
            .memory()
            .after(new PodAction.UnmountVolumes(), ActionResult.DONE, NOW)
            .after(new PodAction.RemoveCgroup(), ActionResult.DONE, NOW);
    assertThat(plan().report().finished()).isTrue();
    assertThat(plan().actions()).isEmpty();
  }

  @Test
  void aPodPastItsDeadlineFails() {
    pod.editSpec().withActiveDeadlineSeconds(50L).endSpec();
    PodStatus status = new PodStatus();
    status.setStartTime(BEFORE.toString());
    memory = PodMemory.fresh(status);

    PodPlan plan = plan();

    assertThat(plan.next()).isInstanceOf(PodPhase.Terminated.class);
    assertThat(plan.report().status().getPhase()).isEqualTo("Failed");
    assertThat(plan.report().status().getReason()).isEqualTo("DeadlineExceeded");
  }

  @Test
  void aFailedPullIsShownThenWaitedOut() {
    sandbox(true);
    settled();
    PodAction start = plan().actions().getFirst();
    memory = memory.after(start, new ActionResult.Failed("ErrImagePull", "no such image"), NOW);
    assertThat(waiting(plan())).isEqualTo("ErrImagePull");

    memory =
        PodMemory.fresh(new PodStatus())
            .after(
                start,
                new ActionResult.Failed("ErrImagePull", "no such image"),
                NOW.minusSeconds(3));
    settled();
    assertThat(waiting(plan())).isEqualTo("ImagePullBackOff");
    assertThat(plan().wakeAt()).contains(NOW.plusSeconds(7));
    assertThat(plan().report().status().getPhase()).isEqualTo("Pending");
  }

  @Test
  void theLastTransitionTimeMovesOnlyWithTheStatus() {
    sandbox(true);
    settled();
    container("app", ContainerState.RUNNING, 0, 0);
    PodPlan first = plan();
    memory = first.memory();

    PodStatus later =
        PodPlanner.plan(view(), PodWishes.of(view().desired()), phase, memory, NOW.plusSeconds(90))
            .report()
            .status();

    assertThat(later.getConditions()).isEqualTo(first.report().status().getConditions());
    assertThat(later.getStartTime()).isEqualTo(first.report().status().getStartTime());
  }

  @Test
  void aContainerThatVanishedIsCountedOnce() {
    sandbox(true);
    settled();
    container("app", ContainerState.RUNNING, 0, 0);
    memory = plan().memory();
    containers.clear();

    PodPlan plan = plan();

    assertThat(starts(plan)).containsExactly("app#1");
    ContainerStatus status = plan.report().status().getContainerStatuses().getFirst();
    assertThat(status.getRestartCount()).isEqualTo(1);
    assertThat(status.getLastState().getTerminated().getReason())
        .isEqualTo("ContainerStatusUnknown");
  }

  private PodView view() {
    return new PodView(
        DesiredPod.of(pod.build()),
        new ObservedPod(sandboxes, containers),
        ProbeVerdicts.NONE,
        memory.status(),
        List.of("10.0.0.1"));
  }

  private PodPlan plan() {
    PodView view = view();
    return PodPlanner.plan(view, PodWishes.of(view.desired()), phase, memory, NOW);
  }

  private void settled() {
    memory =
        memory
            .after(new PodAction.Prepare(), ActionResult.DONE, NOW)
            .after(new PodAction.MountVolumes(), ActionResult.DONE, NOW);
  }

  private void sandbox(boolean ready) {
    sandboxes.add(new ObservedSandbox(SANDBOX, 0, ready, BEFORE, false, List.of("10.42.0.5")));
  }

  private void init(String... names) {
    for (String name : names) {
      pod.editSpec()
          .addNewInitContainer()
          .withName(name)
          .withImage("busybox:1")
          .endInitContainer()
          .endSpec();
    }
  }

  private void delete(long grace) {
    pod.editMetadata()
        .withDeletionTimestamp(NOW.toString())
        .withDeletionGracePeriodSeconds(grace)
        .endMetadata();
  }

  private void container(String name, ContainerState state, int attempt, int exitCode) {
    containers.add(
        container(
            name,
            state,
            attempt,
            exitCode,
            Optional.of(ContainerHash.of(name, "busybox:1")),
            "busybox:1"));
  }

  private void containerEnded(String name, int attempt, int exitCode, Instant at) {
    ObservedContainer c =
        container(
            name,
            ContainerState.EXITED,
            attempt,
            exitCode,
            Optional.of(ContainerHash.of(name, "busybox:1")),
            "busybox:1");
    containers.add(PlannedPod.endedAt(c, at));
  }

  private static ObservedContainer container(
      String name,
      ContainerState state,
      int attempt,
      int exitCode,
      Optional<String> hash,
      String image) {
    return new ObservedContainer(
        new ContainerId(name + attempt),
        SANDBOX,
        name,
        attempt,
        state,
        hash,
        BEFORE.plusMillis(attempt),
        Optional.of(BEFORE),
        state == ContainerState.EXITED ? Optional.of(NOW.minusSeconds(1)) : Optional.empty(),
        exitCode,
        "",
        "",
        image,
        "",
        "");
  }

  private static List<String> starts(PodPlan plan) {
    return plan.actions().stream()
        .filter(a -> a instanceof PodAction.StartContainer)
        .map(a -> (PodAction.StartContainer) a)
        .map(s -> s.spec().name() + "#" + s.restartCount())
        .toList();
  }

  private static List<String> stops(PodPlan plan) {
    return plan.actions().stream()
        .filter(a -> a instanceof PodAction.StopContainers)
        .flatMap(a -> ((PodAction.StopContainers) a).stops().stream())
        .map(PodAction.Stop::name)
        .toList();
  }

  private static String waiting(PodPlan plan) {
    return plan.report()
        .status()
        .getContainerStatuses()
        .getFirst()
        .getState()
        .getWaiting()
        .getReason();
  }

  private static String condition(PodPlan plan, String type) {
    return plan.report().status().getConditions().stream()
        .filter(c -> c.getType().equals(type))
        .map(PodCondition::getStatus)
        .findFirst()
        .orElseThrow();
  }
}
