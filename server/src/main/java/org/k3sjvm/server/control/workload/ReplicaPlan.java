package org.k3sjvm.server.control.workload;

import static org.k3sjvm.server.control.cluster.Fields.annotations;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.Pods;

/**
 * How to come to a number of pods.
 *
 * @param create how many more
 * @param delete those that are too many
 */
record ReplicaPlan(int create, List<Pod> delete) {
  /** Source: Kubernetes v1.36 pkg/controller/replicaset BurstReplicas. */
  static final int MOST_AT_ONCE = 500;

  private static final String DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

  ReplicaPlan {
    delete = List.copyOf(delete);
  }

  /** The plan for pods that run or will run. */
  static ReplicaPlan of(int wanted, List<Pod> active) {
    int missing = wanted - active.size();
    if (missing >= 0) {
      return new ReplicaPlan(Math.min(missing, MOST_AT_ONCE), List.of());
    }
    Map<String, Integer> perNode = new HashMap<>();
    active.forEach(pod -> perNode.merge(Pods.nodeName(pod), 1, Integer::sum));
    return new ReplicaPlan(
        0,
        active.stream()
            .sorted(leastMissedFirst(perNode))
            .limit(Math.min(-missing, MOST_AT_ONCE))
            .toList());
  }

  /** Source: Kubernetes v1.36 pkg/controller ActivePodsWithRanks. */
  private static Comparator<Pod> leastMissedFirst(Map<String, Integer> perNode) {
    return Comparator.comparing((Pod pod) -> !Pods.nodeName(pod).isEmpty())
        .thenComparingInt(pod -> phaseRank(Pods.phase(pod)))
        .thenComparing(Pods::isReady)
        .thenComparingInt(ReplicaPlan::deletionCost)
        .thenComparingInt(pod -> -perNode.getOrDefault(Pods.nodeName(pod), 0))
        .thenComparing(pod -> Pods.readySince(pod).orElse(Instant.EPOCH), Comparator.reverseOrder())
        .thenComparingInt(pod -> -Pods.restarts(pod))
        .thenComparing(Fields::created, Comparator.reverseOrder());
  }

  private static int phaseRank(String phase) {
    return switch (phase) {
      case "Pending", "" -> 0;
      case "Unknown" -> 1;
      default -> 2;
    };
  }

  private static int deletionCost(Pod pod) {
    try {
      return Integer.parseInt(annotations(pod).getOrDefault(DELETION_COST, "0"));
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
