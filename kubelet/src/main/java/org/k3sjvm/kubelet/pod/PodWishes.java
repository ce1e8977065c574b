package org.k3sjvm.kubelet.pod;

import java.time.Duration;
import java.util.Optional;

/**
 * What others want of a pod, merged from all they said.
 *
 * @param desired the newest version
 * @param kill the node's wish to end it, for reasons of its own
 * @param removed whether the source does not know it any more
 */
public record PodWishes(DesiredPod desired, Optional<Kill> kill, boolean removed) {
  /** A pod as its source shows it. */
  public static PodWishes of(DesiredPod desired) {
    return new PodWishes(desired, Optional.empty(), false);
  }

  /**
   * The node ends the pod.
   *
   * @param grace empty for the pod's own
   */
  public record Kill(TerminationReason reason, Optional<Duration> grace) {
    /** The first reason stays, the shorter time wins. */
    Kill merged(Kill later) {
      Optional<Duration> shorter =
          later
              .grace()
              .filter(l -> grace.map(g -> l.compareTo(g) < 0).orElse(true))
              .or(() -> grace);
      return new Kill(reason, shorter);
    }
  }

  /** Why the pod must end, if it must. */
  Optional<TerminationReason> end() {
    if (kill.isPresent()) {
      return kill.map(Kill::reason); // the only one that has something to say to users
    }
    if (desired.deleting()) {
      return Optional.of(TerminationReason.DELETED);
    }
    if (removed) {
      return Optional.of(TerminationReason.REMOVED);
    }
    return desired.endedBefore() ? Optional.of(TerminationReason.FINISHED) : Optional.empty();
  }

  /**
   * How long containers may take. The node's word replaces the pod's own, a deletion's only if it
   * is shorter. Source: kubelet v1.36 pkg/kubelet/pod_workers.go, calculateEffectiveGracePeriod.
   */
  Duration grace() {
    Duration own = desired.grace();
    return kill.flatMap(Kill::grace)
        .filter(g -> !desired.deleting() || g.compareTo(own) < 0)
        .map(g -> g.compareTo(DesiredPod.SHORTEST_GRACE) < 0 ? DesiredPod.SHORTEST_GRACE : g)
        .orElse(own);
  }
}
