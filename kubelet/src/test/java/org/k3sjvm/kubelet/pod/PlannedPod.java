package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EphemeralContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.SandboxId;

/** A pod, what is observed of it, and the plan that one look makes of both. */
abstract class PlannedPod {
  static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  static final ObservedSandbox SANDBOX =
      new ObservedSandbox(new SandboxId("s0"), 0, true, NOW, false, List.of("10.42.0.5"));

  final List<ObservedSandbox> sandboxes = new ArrayList<>(List.of(SANDBOX));
  final List<ObservedContainer> containers = new ArrayList<>();
  final Map<ContainerId, ProbeVerdicts.Kind> failed = new HashMap<>();
  final PodBuilder pod =
      new PodBuilder()
          .withNewMetadata()
          .withName("web")
          .withNamespace("default")
          .withUid("u1")
          .endMetadata()
          .withNewSpec()
          .withRestartPolicy("Always")
          .endSpec();
  PodMemory memory = ready(new PodStatus());
  PodPhase phase = new PodPhase.Syncing();
  Optional<PodWishes.Kill> kill = Optional.empty();
  RestartPace pace = RestartPace.DEFAULT;
  Instant now = NOW;

  PodPlan plan() {
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

  List<String> starts() {
    return starts(plan());
  }

  static List<String> starts(PodPlan plan) {
    return text(plan).stream()
        .filter(t -> t.startsWith("start "))
        .map(t -> t.substring(6))
        .toList();
  }

  static List<String> text(PodPlan plan) {
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

  static PodAction.Stop stop(PodPlan plan, String name) {
    return plan.actions().stream()
        .filter(a -> a instanceof PodAction.StopContainers)
        .flatMap(a -> ((PodAction.StopContainers) a).stops().stream())
        .filter(s -> s.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  static PodMemory ready(PodStatus status) {
    return PodMemory.fresh(status)
        .after(new PodAction.Prepare(), ActionResult.DONE, NOW)
        .after(new PodAction.MountVolumes(), ActionResult.DONE, NOW);
  }

  void regular(String name, Consumer<ContainerBuilder> with) {
    pod.editSpec().addToContainers(container(name, with)).endSpec();
  }

  void init(String name, Consumer<ContainerBuilder> with) {
    pod.editSpec().addToInitContainers(container(name, with)).endSpec();
  }

  void ephemeral(String name, String target) {
    pod.editSpec()
        .addToEphemeralContainers(
            new EphemeralContainerBuilder()
                .withName(name)
                .withImage("busybox:1")
                .withTargetContainerName(target)
                .build())
        .endSpec();
  }

  static io.fabric8.kubernetes.api.model.Container container(
      String name, Consumer<ContainerBuilder> with) {
    ContainerBuilder builder = new ContainerBuilder().withName(name).withImage("busybox:1");
    with.accept(builder);
    return builder.build();
  }

  static void rule(ContainerBuilder to, String action, String operator, Integer... codes) {
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

  void delete(long grace) {
    pod.editMetadata()
        .withDeletionTimestamp(NOW.toString())
        .withDeletionGracePeriodSeconds(grace)
        .endMetadata();
  }

  void running(String name) {
    is(name, ContainerState.RUNNING, 0);
  }

  void ended(String name, int exitCode) {
    is(name, ContainerState.EXITED, exitCode);
  }

  void is(String name, ContainerState state, int exitCode) {
    containers.add(observed(name, state, 0, exitCode, new SandboxId("s0")));
  }

  void endedAt(String name, int exitCode, Instant at) {
    ObservedContainer c = observed(name, ContainerState.EXITED, 0, exitCode, new SandboxId("s0"));
    containers.add(endedAt(c, at));
  }

  /** The same container with another end. */
  static ObservedContainer endedAt(ObservedContainer c, Instant at) {
    return new ObservedContainer(
        c.id(),
        c.sandbox(),
        c.name(),
        c.attempt(),
        c.state(),
        c.hash(),
        c.createdAt(),
        c.startedAt(),
        Optional.of(at),
        c.exitCode(),
        c.reason(),
        c.message(),
        c.image(),
        c.imageRef(),
        c.logPath());
  }

  static ObservedContainer observed(
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
