package org.k3sjvm.kubelet.pod;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What follows from one look at a pod.
 *
 * @param actions in this order; the first failure of one that others build on ends the round
 * @param done whether nothing of the pod is left and nobody knows it any more
 * @param wakeAt when to look again though nothing happens; empty for never
 */
public record PodPlan(
    List<PodAction> actions,
    PodReport report,
    List<PodEvent> events,
    PodPhase next,
    PodMemory memory,
    boolean done,
    Optional<Instant> wakeAt) {

  public PodPlan {
    actions = List.copyOf(actions);
    events = List.copyOf(events);
  }
}
