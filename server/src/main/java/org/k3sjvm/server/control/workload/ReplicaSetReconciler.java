package org.k3sjvm.server.control.workload;

import static org.k3sjvm.server.control.cluster.Fields.labels;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.ObjectCache;
import org.k3sjvm.server.control.cluster.Pods;
import org.k3sjvm.server.control.cluster.Reconciler;
import org.k3sjvm.server.control.cluster.Selector;

/** Keeps as many pods as a ReplicaSet wants, and counts them. */
public final class ReplicaSetReconciler implements Reconciler<ObjectName> {
  private final Cluster cluster;
  private final ObjectCache<ReplicaSet> sets;
  private final OwnedPods<ReplicaSet> pods;

  public ReplicaSetReconciler(Cluster cluster) {
    this.cluster = cluster;
    this.sets = cluster.cache(Workload.REPLICA_SETS);
    this.pods = new OwnedPods<>(cluster, Workload.REPLICA_SETS, "replicaset-controller");
  }

  @Override
  public Optional<Duration> reconcile(ObjectName name) throws InterruptedException {
    Optional<ReplicaSet> found = sets.find(name);
    if (found.isEmpty()) {
      return NO_LATER_LOOK;
    }
    ReplicaSet set = found.get();
    List<Pod> owned = pods.claim(set);
    try {
      if (!sets.isDeleting(set)) {
        carryOut(set, ReplicaPlan.of(set.wanted(), pods.active(owned)));
      }
    } finally {
      report(set);
    }
    return becomesAvailable(owned, set.minReady(), cluster.clock().instant());
  }

  private void carryOut(ReplicaSet set, ReplicaPlan plan) throws InterruptedException {
    if (plan.create() > 0) {
      Pod pod = pods.fromTemplate(set, set.template());
      pods.create(set, Collections.nCopies(plan.create(), pod));
    }
    pods.delete(set, plan.delete());
  }

  private void report(ReplicaSet set) throws InterruptedException {
    List<Pod> active =
        pods.active(
            cluster.pods().in(set.metadata().getNamespace()).stream()
                .filter(pod -> Fields.isControlledBy(pod, set))
                .toList());
    ReplicaSet.Status now = status(set, active, cluster.clock().instant());
    OwnedPods.report(cluster, sets, set, set.status(), now);
  }

  /** Counts pods that run or will run. */
  static ReplicaSet.Status status(ReplicaSet set, List<Pod> active, Instant now) {
    Selector template =
        Selector.equalTo(
            set.template() == null || set.template().getMetadata() == null
                ? null
                : set.template().getMetadata().getLabels());
    return new ReplicaSet.Status(
        active.size(),
        count(active.stream().filter(pod -> template.matches(labels(pod)))),
        count(active.stream().filter(Pods::isReady)),
        count(active.stream().filter(pod -> Pods.isAvailable(pod, set.minReady(), now))),
        set.generation());
  }

  private static int count(Stream<Pod> pods) {
    return (int) pods.count();
  }

  /** When the next ready pod will have been ready for long enough. */
  static Optional<Duration> becomesAvailable(List<Pod> pods, Duration minReady, Instant now) {
    if (minReady.isZero()) {
      return Optional.empty();
    }
    return pods.stream()
        .flatMap(pod -> Pods.readySince(pod).stream())
        .map(since -> Duration.between(now, since.plus(minReady)))
        .filter(Duration::isPositive)
        .min(Duration::compareTo);
  }
}
