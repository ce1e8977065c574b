package org.k3sjvm.server.control.workload;

import static org.k3sjvm.server.control.cluster.Fields.annotations;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.ObjectCache;
import org.k3sjvm.server.control.cluster.Reconciler;

/**
 * Moves a Deployment to its newest template, one step per look: each change of a ReplicaSet's
 * counts brings the next look. {@link Rollout} decides the sizes.
 */
public final class DeploymentReconciler implements Reconciler<ObjectName> {
  private final Cluster cluster;
  private final ObjectCache<Deployment> deployments;
  private final DeploymentSets sets;

  public DeploymentReconciler(Cluster cluster) {
    this.cluster = cluster;
    this.deployments = cluster.cache(Workload.DEPLOYMENTS);
    this.sets = new DeploymentSets(cluster);
  }

  @Override
  public Optional<Duration> reconcile(ObjectName name) throws InterruptedException {
    Optional<Deployment> found = deployments.find(name);
    if (found.isEmpty() || deployments.isDeleting(found.get())) {
      return NO_LATER_LOOK;
    }
    Deployment deployment = found.get();
    List<ReplicaSet> all = new ArrayList<>(sets.claim(deployment));
    Optional<ReplicaSet> present = DeploymentSets.newest(deployment, all);
    List<ReplicaSet> old = new ArrayList<>(all);
    present.ifPresent(old::remove);

    if (isResized(deployment, all)) {
      present = resize(deployment, present, all);
    } else if (!deployment.spec().paused()) {
      present = step(deployment, present, old);
    }
    return report(deployment, present, old);
  }

  /** Whether its size changed while sets are about that were made for another. */
  private static boolean isResized(Deployment deployment, List<ReplicaSet> all) {
    return all.stream()
        .filter(set -> set.wanted() > 0)
        .flatMap(set -> DeploymentSets.desiredBefore(set).stream())
        .anyMatch(before -> before != deployment.wanted());
  }

  private Optional<ReplicaSet> resize(
      Deployment deployment, Optional<ReplicaSet> newest, List<ReplicaSet> all)
      throws InterruptedException {
    List<ReplicaSet> active = all.stream().filter(set -> set.wanted() > 0).toList();
    Optional<ReplicaSet> result = newest;
    Map<String, Integer> sizes;
    if (active.size() == 1) {
      sizes = Map.of(active.getFirst().metadata().getName(), deployment.wanted());
    } else {
      int before = active.stream().mapToInt(DeploymentSets::sizeBefore).max().orElse(0);
      sizes = rollout(deployment).share(parts(active), before);
    }
    for (ReplicaSet set : active) {
      int size = sizes.getOrDefault(set.metadata().getName(), set.wanted());
      ReplicaSet changed = sets.refresh(deployment, set, size, 0);
      if (result.isPresent() && result.get().equals(set)) {
        result = Optional.of(changed);
      }
    }
    return result;
  }

  private Optional<ReplicaSet> step(
      Deployment deployment, Optional<ReplicaSet> present, List<ReplicaSet> old)
      throws InterruptedException {
    long revision = DeploymentSets.maxRevision(old) + 1;
    if (deployment.isRecreate()) {
      return recreate(deployment, present, old, revision);
    }
    Rollout rollout = rollout(deployment);
    List<Rollout.Part> parts = parts(old);
    Rollout.Part none = new Rollout.Part("", 0, 0);
    int size = rollout.newest(present.map(DeploymentReconciler::part).orElse(none), parts);
    ReplicaSet newest =
        present.isEmpty()
            ? sets.create(deployment, old, size)
            : sets.refresh(deployment, present.get(), size, revision);
    if (present.isEmpty() || present.get().wanted() != size) {
      return Optional.of(newest); // first the new ones come
    }
    Map<String, Integer> sizes = rollout.old(part(newest), parts);
    for (ReplicaSet set : old) {
      Integer fewer = sizes.get(set.metadata().getName());
      if (fewer != null) {
        var _ = sets.refresh(deployment, set, fewer, 0);
      }
    }
    return Optional.of(newest);
  }

  private Optional<ReplicaSet> recreate(
      Deployment deployment, Optional<ReplicaSet> present, List<ReplicaSet> old, long revision)
      throws InterruptedException {
    boolean waiting = false;
    for (ReplicaSet set : old) {
      if (set.wanted() > 0) {
        var _ = sets.refresh(deployment, set, 0, 0);
        waiting = true;
      }
      waiting |= hasPods(set);
    }
    if (waiting) {
      return present;
    }
    return Optional.of(
        present.isEmpty()
            ? sets.create(deployment, old, deployment.wanted())
            : sets.refresh(deployment, present.get(), deployment.wanted(), revision));
  }

  /** Also those that are ending: the new ones must not meet them. */
  private boolean hasPods(ReplicaSet set) {
    for (Pod pod : cluster.pods().in(set.metadata().getNamespace())) {
      if (Fields.isControlledBy(pod, set)
          && !org.k3sjvm.server.control.cluster.Pods.isTerminal(pod)) {
        return true;
      }
    }
    return false;
  }

  private Optional<Duration> report(
      Deployment deployment, Optional<ReplicaSet> newest, List<ReplicaSet> old)
      throws InterruptedException {
    Instant now = cluster.clock().instant();
    List<ReplicaSet> all = new ArrayList<>(old);
    newest.ifPresent(all::add);
    Deployment.Status counts = counts(deployment, newest, all);
    String set =
        newest.map(one -> one.metadata().getName()).orElse(deployment.metadata().getName());
    Deployment.Status status =
        new Deployment.Status(
            counts.observedGeneration(),
            counts.replicas(),
            counts.updatedReplicas(),
            counts.readyReplicas(),
            counts.availableReplicas(),
            counts.unavailableReplicas(),
            deployment.observed().collisionCount(),
            DeploymentConditions.next(deployment, counts, set, now));
    if (newest.isPresent()) {
      note(deployment, DeploymentSets.revision(newest.get()));
    }
    OwnedPods.report(cluster, deployments, deployment, deployment.status(), status);
    if (DeploymentConditions.isComplete(deployment, counts)) {
      sets.forgetHistory(deployment, old);
    }
    return deployment.spec().paused()
        ? NO_LATER_LOOK
        : DeploymentConditions.untilLate(deployment, now).filter(Duration::isPositive);
  }

  private static Deployment.Status counts(
      Deployment deployment, Optional<ReplicaSet> newest, List<ReplicaSet> all) {
    int available = sum(all, set -> set.observed().availableReplicas());
    return new Deployment.Status(
        deployment.generation(),
        sum(all, set -> set.observed().replicas()),
        newest.map(set -> set.observed().replicas()).orElse(0),
        sum(all, set -> set.observed().readyReplicas()),
        available,
        Math.max(0, sum(all, ReplicaSet::wanted) - available),
        null,
        null);
  }

  private static int sum(List<ReplicaSet> sets, ToIntFunction<ReplicaSet> count) {
    return sets.stream().mapToInt(count).sum();
  }

  /** Says on the deployment which revision it shows. */
  private void note(Deployment deployment, long revision) throws InterruptedException {
    String text = Long.toString(revision);
    if (text.equals(annotations(deployment).get(DeploymentSets.REVISION))) {
      return;
    }
    ObjectNode body = KubeJson.newObject();
    body.putObject("metadata").putObject("annotations").put(DeploymentSets.REVISION, text);
    deployments.wrote(
        cluster.api().patch(Workload.DEPLOYMENTS, ObjectName.of(deployment), Fields.merge(body)));
  }

  private static Rollout rollout(Deployment deployment) {
    return new Rollout(deployment.wanted(), deployment.maxSurge(), deployment.maxUnavailable());
  }

  private static List<Rollout.Part> parts(List<ReplicaSet> sets) {
    return sets.stream().map(DeploymentReconciler::part).toList();
  }

  private static Rollout.Part part(ReplicaSet set) {
    return new Rollout.Part(
        set.metadata().getName(), set.wanted(), set.observed().availableReplicas());
  }
}
