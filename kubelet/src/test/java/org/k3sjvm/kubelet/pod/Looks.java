package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.SandboxId;

/** Looks at pods, for tables of what follows from them. */
final class Looks {
  static final Instant NOW = Instant.parse("2026-01-01T12:00:00.5Z");
  static final Instant BEFORE = NOW.minusSeconds(60);
  static final SandboxId SANDBOX = new SandboxId("s0");

  private final List<ObservedSandbox> sandboxes = new ArrayList<>();
  private final List<ObservedContainer> containers = new ArrayList<>();
  private final Pod pod;
  PodStatus last = new PodStatus();
  List<String> hostIps = List.of("10.0.0.1");
  Map<String, ContainerStep> steps = Map.of();
  PodPhase phase = new PodPhase.Syncing();
  Instant now = NOW;

  Looks(Pod pod) {
    this.pod = pod;
  }

  Looks sandbox(boolean ready, String... ips) {
    sandboxes.add(new ObservedSandbox(SANDBOX, 0, ready, BEFORE, false, List.of(ips)));
    return this;
  }

  Looks container(String name, ContainerState state, int attempt, int exitCode) {
    return container(name, state, attempt, exitCode, "", ObservedContainer.Actual.UNKNOWN);
  }

  Looks container(
      String name,
      ContainerState state,
      int attempt,
      int exitCode,
      String message,
      ObservedContainer.Actual actual) {
    boolean ended = state == ContainerState.EXITED;
    containers.add(
        new ObservedContainer(
            new ContainerId(name + "-" + attempt),
            SANDBOX,
            name,
            attempt,
            state,
            Optional.empty(),
            BEFORE.plusSeconds(attempt),
            state == ContainerState.CREATED ? Optional.empty() : Optional.of(BEFORE),
            ended ? Optional.of(BEFORE.plusSeconds(5)) : Optional.empty(),
            exitCode,
            "",
            message,
            "docker.io/library/busybox:1",
            "docker.io/library/busybox@sha256:1",
            "",
            actual));
    return this;
  }

  PodView view() {
    return new PodView(
        DesiredPod.of(pod),
        new ObservedPod(sandboxes, containers),
        (_, _) -> ProbeVerdicts.Verdict.UNKNOWN,
        last,
        hostIps);
  }

  PodStatus status() {
    return StatusOfPod.of(view(), steps, false, phase, now);
  }

  ContainerStatus regular(String name) {
    return find(status().getContainerStatuses(), name);
  }

  ContainerStatus init(String name) {
    return find(status().getInitContainerStatuses(), name);
  }

  private static ContainerStatus find(List<ContainerStatus> all, String name) {
    return all.stream().filter(s -> s.getName().equals(name)).findFirst().orElseThrow();
  }
}
