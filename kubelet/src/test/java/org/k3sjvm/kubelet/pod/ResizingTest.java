package org.k3sjvm.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerResizePolicy;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateRunning;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.SandboxId;

class ResizingTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final SandboxId SANDBOX = new SandboxId("s0");
  private static final ContainerId APP = new ContainerId("app0");

  private PodMemory memory =
      PodMemory.fresh(reported(resources("500m", "1Gi")))
          .after(new PodAction.Prepare(), ActionResult.DONE, NOW)
          .after(new PodAction.MountVolumes(), ActionResult.DONE, NOW);

  private static ResourceRequirements resources(String cpu, String memory) {
    return new ResourceRequirementsBuilder()
        .addToRequests("cpu", Quantity.parse(cpu))
        .addToLimits("memory", Quantity.parse(memory))
        .build();
  }

  private static PodStatus reported(ResourceRequirements resources) {
    ContainerStatus status = new ContainerStatus();
    status.setName("app");
    status.setContainerID("containerd://" + APP.value());
    status.setRestartCount(0);
    status.setReady(true);
    ContainerState state = new ContainerState();
    state.setRunning(new ContainerStateRunning("2026-01-01T11:00:00Z"));
    status.setState(state);
    status.setLastState(new ContainerState());
    status.setResources(resources);
    PodStatus pod = new PodStatus();
    pod.setPhase("Running");
    pod.setStartTime("2026-01-01T11:00:00Z");
    pod.setContainerStatuses(List.of(status));
    return pod;
  }

  private static Pod pod(ResourceRequirements resources, ContainerResizePolicy... policies) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace("default")
        .withUid("u1")
        .withGeneration(2L)
        .endMetadata()
        .withNewSpec()
        .withRestartPolicy("Always")
        .addNewContainer()
        .withName("app")
        .withImage("busybox:1")
        .withResources(resources)
        .withResizePolicy(policies)
        .endContainer()
        .endSpec()
        .build();
  }

  private PodPlan plan(Pod pod) {
    ObservedContainer app =
        new ObservedContainer(
            APP,
            SANDBOX,
            "app",
            0,
            org.k3sjvm.cri.ContainerState.RUNNING,
            Optional.of(ContainerHash.of("app", "busybox:1")),
            NOW.minusSeconds(60),
            Optional.of(NOW.minusSeconds(60)),
            Optional.empty(),
            0,
            "",
            "",
            "busybox:1",
            "",
            "");
    PodView view =
        new PodView(
            DesiredPod.of(pod),
            new ObservedPod(
                List.of(
                    new ObservedSandbox(
                        SANDBOX, 0, true, NOW.minusSeconds(61), false, List.of("10.42.0.5"))),
                List.of(app)),
            ProbeVerdicts.NONE,
            memory.status(),
            List.of("10.0.0.1"));
    return PodPlanner.plan(view, PodWishes.of(view.desired()), new PodPhase.Syncing(), memory, NOW);
  }

  private static Optional<PodCondition> condition(PodPlan plan, String type) {
    return plan.report().status().getConditions().stream()
        .filter(c -> type.equals(c.getType()))
        .findFirst();
  }

  private static List<PodAction.Change> changes(PodPlan plan) {
    return plan.actions().stream()
        .filter(a -> a instanceof PodAction.Resize)
        .flatMap(a -> ((PodAction.Resize) a).changes().stream())
        .toList();
  }

  @Test
  void whatIsInForceNeedsNothing() {
    PodPlan plan = plan(pod(resources("0.5", "1024Mi")));
    assertThat(plan.actions()).isEmpty();
    assertThat(condition(plan, Resizing.IN_PROGRESS)).isEmpty();
  }

  @Test
  void aChangeIsMadeOnceShownAsUnderWayAndToldWhenDone() {
    Pod wanted = pod(resources("1", "1Gi"));
    PodPlan first = plan(wanted);
    assertThat(changes(first))
        .singleElement()
        .satisfies(
            c -> {
              assertThat(c.id()).isEqualTo(APP);
              assertThat(c.inPlace()).isTrue();
              assertThat(c.from()).isEqualTo(resources("500m", "1Gi"));
            });
    assertThat(condition(first, Resizing.IN_PROGRESS))
        .hasValueSatisfying(c -> assertThat(c.getObservedGeneration()).isEqualTo(2));

    memory = first.memory().after(first.actions().getFirst(), ActionResult.DONE, NOW);
    PodPlan second = plan(wanted);
    assertThat(second.actions()).isEmpty();
    assertThat(condition(second, Resizing.IN_PROGRESS)).isEmpty();
    assertThat(second.events()).extracting(PodEvent::reason).containsExactly("ResizeCompleted");
    assertThat(memory.status().getContainerStatuses().getFirst().getResources())
        .isEqualTo(resources("1", "1Gi"));

    memory = second.memory();
    assertThat(plan(wanted).events()).isEmpty();
  }

  @Test
  void aChangeThatNeedsANewRunEndsTheContainerAfterThePodWasMadeFit() {
    PodPlan plan =
        plan(
            pod(resources("500m", "2Gi"), new ContainerResizePolicy("memory", "RestartContainer")));
    assertThat(plan.actions()).hasSize(2);
    assertThat(changes(plan)).singleElement().matches(c -> !c.inPlace());
    assertThat(plan.actions().getLast())
        .isInstanceOfSatisfying(
            PodAction.StopContainers.class,
            s ->
                assertThat(s.stops().getFirst().message())
                    .isEqualTo("Container app resize requires restart"));
  }

  @Test
  void aPolicyForAnotherResourceDoesNotRestart() {
    PodPlan plan =
        plan(pod(resources("1", "1Gi"), new ContainerResizePolicy("memory", "RestartContainer")));
    assertThat(plan.actions()).hasSize(1);
    assertThat(changes(plan)).singleElement().matches(PodAction.Change::inPlace);
  }

  private static ResourceRequirements ofPod(String memory) {
    return new ResourceRequirementsBuilder()
        .addToRequests("cpu", Quantity.parse("1"))
        .addToLimits("memory", Quantity.parse(memory))
        .build();
  }

  private static Pod podOf(ResourceRequirements ofPod) {
    return new PodBuilder(pod(new ResourceRequirements()))
        .editSpec()
        .withResources(ofPod)
        .withOverhead(Map.of("memory", Quantity.parse("16Mi")))
        .endSpec()
        .build();
  }

  @Test
  void whatAPodMayUseItselfIsShownAndInForceFromItsStart() {
    memory = PodMemory.fresh(reported(new ResourceRequirements()));
    PodStatus status = plan(podOf(ofPod("1Gi"))).report().status();
    assertThat(status.getAllocatedResources())
        .isEqualTo(Map.of("cpu", Quantity.parse("1"), "memory", Quantity.parse("16Mi")));
    assertThat(status.getResources().getLimits())
        .isEqualTo(Map.of("memory", Quantity.parse("1040Mi")));
  }

  @Test
  void aChangeOfThePodItselfReachesContainersWithoutLimits() {
    PodStatus before = reported(new ResourceRequirements());
    before.setResources(PodLevelResources.all(podOf(ofPod("1Gi")).getSpec()));
    memory =
        PodMemory.fresh(before)
            .after(new PodAction.Prepare(), ActionResult.DONE, NOW)
            .after(new PodAction.MountVolumes(), ActionResult.DONE, NOW);
    assertThat(plan(podOf(ofPod("1Gi"))).actions()).isEmpty();

    Pod wanted = podOf(ofPod("2Gi"));
    PodPlan first = plan(wanted);
    assertThat(first.actions())
        .singleElement()
        .isInstanceOfSatisfying(
            PodAction.Resize.class,
            r -> {
              assertThat(r.pod())
                  .hasValueSatisfying(p -> assertThat(p.from()).isEqualTo(ofPod("1Gi")));
              assertThat(r.changes())
                  .singleElement()
                  .satisfies(
                      c -> {
                        assertThat(c.inPlace()).isTrue();
                        assertThat(c.from().getLimits()).isEqualTo(ofPod("1Gi").getLimits());
                        assertThat(c.to().getLimits()).isEqualTo(ofPod("2Gi").getLimits());
                      });
            });
    assertThat(condition(first, Resizing.IN_PROGRESS)).isPresent();

    memory = first.memory().after(first.actions().getFirst(), ActionResult.DONE, NOW);
    PodPlan second = plan(wanted);
    assertThat(second.actions()).isEmpty();
    assertThat(second.events()).extracting(PodEvent::reason).containsExactly("ResizeCompleted");
    assertThat(second.report().status().getResources().getLimits())
        .isEqualTo(Map.of("memory", Quantity.parse("2064Mi")));
  }

  @Test
  void aFailureIsShownAndTriedAgainLater() {
    Pod wanted = pod(resources("500m", "1Mi"));
    PodPlan first = plan(wanted);
    memory =
        first
            .memory()
            .after(
                first.actions().getFirst(),
                new ActionResult.Failed(Resizing.FAILED, "cannot decrease memory limits: x"),
                NOW);
    PodPlan second = plan(wanted);
    assertThat(changes(second)).isEmpty();
    assertThat(condition(second, Resizing.IN_PROGRESS))
        .hasValueSatisfying(
            c -> {
              assertThat(c.getReason()).isEqualTo("Error");
              assertThat(c.getMessage()).isEqualTo("cannot decrease memory limits: x");
            });
    assertThat(second.wakeAt()).hasValueSatisfying(at -> assertThat(at).isAfter(NOW));
  }

  @Test
  void aPendingChangeIsShownAsTheDeskSaysIt() {
    Pod pod = pod(resources("500m", "1Gi"));
    PodCondition waits = new PodCondition();
    waits.setType(Resizing.PENDING);
    waits.setStatus("True");
    waits.setReason("Deferred");
    pod.setStatus(new PodStatus());
    pod.getStatus().setConditions(List.of(waits));
    PodPlan plan = plan(pod);
    assertThat(plan.actions()).isEmpty();
    assertThat(condition(plan, Resizing.PENDING)).contains(waits);
  }
}
