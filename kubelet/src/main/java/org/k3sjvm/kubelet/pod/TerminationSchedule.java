package org.k3sjvm.kubelet.pod;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * In which order a pod ends: regular containers together, then sidecars from the last to the first,
 * then sandboxes.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kuberuntime/kuberuntime_manager.go, killPodWithSyncResult.
 */
final class TerminationSchedule {
  private TerminationSchedule() {}

  /** The next actions; none when nothing runs and no sandbox is ready. */
  static List<PodAction> next(PodView view, Instant killAt, PodMemory memory) {
    List<ObservedContainer> alive = view.observed().alive();
    List<String> sidecars =
        view.desired().init().stream()
            .filter(ContainerSpec::sidecar)
            .map(ContainerSpec::name)
            .toList();
    List<ObservedContainer> first =
        alive.stream().filter(c -> !sidecars.contains(c.name())).toList();
    if (!first.isEmpty()) {
      return List.of(stop(first, killAt, memory));
    }
    Optional<ObservedContainer> lastSidecar =
        sidecars.reversed().stream()
            .flatMap(name -> alive.stream().filter(c -> c.name().equals(name)))
            .findFirst();
    if (lastSidecar.isPresent()) {
      return List.of(stop(List.of(lastSidecar.get()), killAt, memory));
    }
    List<PodAction> sandboxes = new ArrayList<>();
    view.observed().readySandboxes().forEach(s -> sandboxes.add(new PodAction.StopSandbox(s.id())));
    return sandboxes;
  }

  private static PodAction stop(
      List<ObservedContainer> containers, Instant killAt, PodMemory memory) {
    return new PodAction.StopContainers(
        containers.stream()
            .map(
                c ->
                    new PodAction.Stop(
                        c.id(),
                        c.name(),
                        killAt,
                        !memory.stopping().contains(c.id()),
                        "Stopping container " + c.name()))
            .toList());
  }

  /** When containers are killed, given a grace period; never later than before. */
  static Instant killAt(Optional<Instant> before, Duration grace, Instant now) {
    Instant wanted = now.plus(grace);
    return before.filter(b -> b.isBefore(wanted)).orElse(wanted);
  }
}
