package org.k3sjvm.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.SandboxId;

/** Sidecars, ephemeral containers and restart rules, each as one look and its plan. */
class PodLifecycleTest extends PlannedPod {
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
}
