package org.k3sjvm.kubelet.pod;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * In which order a pod ends: regular containers together, then sidecars from the last to the first,
 * then sandboxes. All are told in one go, so that hooks run at once and share the grace period.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kuberuntime/kuberuntime_manager.go, killPodWithSyncResult,
 * and kuberuntime_termination_order.go.
 */
final class TerminationSchedule {
  private TerminationSchedule() {}

  /** The next actions; none when nothing runs and no sandbox is left to end. */
  static List<PodAction> next(PodView view, Instant killAt, PodMemory memory) {
    List<ObservedContainer> alive = alive(view, memory);
    if (!alive.isEmpty()) {
      return List.of(
          new PodAction.StopContainers(
              alive.stream().map(c -> stop(view.desired(), c, alive, killAt, memory)).toList(),
              view.podIps()));
    }
    // A dead sandbox may still hold its addresses: it ends once for each agent that meets it.
    return view.observed().sandboxes().stream()
        .filter(
            s ->
                s.ready() || (!view.desired().endedBefore() && !memory.released().contains(s.id())))
        .<PodAction>map(s -> new PodAction.StopSandbox(s.id()))
        .toList();
  }

  /** What may still run. Of what was ended the runtime may go on to say that it does not know. */
  static List<ObservedContainer> alive(PodView view, PodMemory memory) {
    return view.observed().alive().stream()
        .filter(c -> c.running() || !memory.stopped().contains(c.id()))
        .toList();
  }

  private static PodAction.Stop stop(
      DesiredPod pod,
      ObservedContainer is,
      List<ObservedContainer> alive,
      Instant killAt,
      PodMemory memory) {
    return new PodAction.Stop(
        is.id(),
        is.name(),
        killAt,
        !memory.stopping().contains(is.id()),
        "Stopping container " + is.name(),
        alive.stream().filter(c -> before(pod, c, is)).map(ObservedContainer::id).toList(),
        false);
  }

  /** Whether the one ends before the other is told to: a sidecar outlives whom it serves. */
  private static boolean before(DesiredPod pod, ObservedContainer one, ObservedContainer other) {
    int sidecar = sidecar(pod, other.name());
    int later = sidecar(pod, one.name());
    boolean regular = pod.regular().stream().anyMatch(c -> c.name().equals(one.name()));
    return sidecar >= 0 && (regular || later > sidecar);
  }

  /** Its place among the init containers; negative for others. */
  private static int sidecar(DesiredPod pod, String name) {
    for (int i = 0; i < pod.init().size(); i++) {
      if (pod.init().get(i).sidecar() && pod.init().get(i).name().equals(name)) {
        return i;
      }
    }
    return -1;
  }

  /** When containers are killed, given a grace period; never later than before. */
  static Instant killAt(Optional<Instant> before, Duration grace, Instant now) {
    Instant wanted = now.plus(grace);
    return before.filter(b -> b.isBefore(wanted)).orElse(wanted);
  }
}
