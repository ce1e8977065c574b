package org.k3sjvm.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.SandboxId;

/** How containers and their pod come to an end, each as one look and its plan. */
class PodEndTest extends PlannedPod {
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
}
