package org.k3sjvm.server.control.workload;

import static org.k3sjvm.server.control.cluster.Fields.annotations;
import static org.k3sjvm.server.control.cluster.Fields.labels;
import static org.k3sjvm.server.control.cluster.Fields.map;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.ObjectCache;
import org.k3sjvm.server.control.cluster.Selector;

/** Finds, makes, scales and removes the ReplicaSets of Deployments. */
final class DeploymentSets {
  static final String REVISION = "deployment.kubernetes.io/revision";
  static final String DESIRED = "deployment.kubernetes.io/desired-replicas";
  private static final String MAX = "deployment.kubernetes.io/max-replicas";
  private static final String HISTORY = "deployment.kubernetes.io/revision-history";

  /** Annotations of a Deployment that its sets do not get. */
  private static final Set<String> NOT_COPIED =
      Set.of(
          "kubectl.kubernetes.io/last-applied-configuration",
          REVISION,
          HISTORY,
          DESIRED,
          MAX,
          "deprecated.deployment.rollback.to");

  private final Cluster cluster;
  private final ObjectCache<ReplicaSet> sets;

  DeploymentSets(Cluster cluster) {
    this.cluster = cluster;
    this.sets = cluster.cache(Workload.REPLICA_SETS);
  }

  /** The sets of a deployment, oldest first; adopts those that match and belong to nobody. */
  List<ReplicaSet> claim(Deployment deployment) throws InterruptedException {
    Selector selector = Selector.of(deployment.selector());
    List<ReplicaSet> owned = new ArrayList<>();
    for (ReplicaSet set : sets.in(deployment.metadata().getNamespace())) {
      if (Fields.isControlledBy(set, deployment)) {
        owned.add(set);
      } else if (Fields.controllerOf(set).isEmpty()
          && selector.matches(labels(set))
          && !sets.isDeleting(set)) {
        owned.add(
            OwnedPods.adopt(
                cluster, Workload.DEPLOYMENTS, deployment, Workload.REPLICA_SETS, sets, set));
      }
    }
    owned.removeIf(sets::isDeleting);
    owned.sort(
        Comparator.comparing((ReplicaSet set) -> Fields.created(set))
            .thenComparing(set -> set.metadata().getName()));
    return owned;
  }

  /** The oldest set with the deployment's template. */
  static Optional<ReplicaSet> newest(Deployment deployment, List<ReplicaSet> sets) {
    return sets.stream()
        .filter(set -> TemplateHash.same(set.template(), deployment.template()))
        .findFirst();
  }

  /** Makes the set of the deployment's template. */
  ReplicaSet create(Deployment deployment, List<ReplicaSet> old, int replicas)
      throws InterruptedException {
    int collisions = Fields.number(deployment.observed().collisionCount(), 0);
    String hash = TemplateHash.of(deployment.template(), collisions);
    ReplicaSet wanted = describe(deployment, hash, replicas, maxRevision(old) + 1);
    try {
      ReplicaSet created = cluster.api().create(Workload.REPLICA_SETS, wanted);
      sets.wrote(created);
      tellScaled(deployment, created, 0, replicas);
      return created;
    } catch (KubeException.AlreadyExists e) {
      return present(deployment, ObjectName.of(wanted), collisions, e);
    }
  }

  /** Ours, not seen yet; or another's with the same hash, so the next try takes another hash. */
  private ReplicaSet present(
      Deployment deployment, ObjectName name, int collisions, KubeException.AlreadyExists e)
      throws InterruptedException {
    ReplicaSet present = cluster.api().get(Workload.REPLICA_SETS, name);
    if (Fields.isControlledBy(present, deployment)
        && TemplateHash.same(present.template(), deployment.template())) {
      sets.wrote(present);
      return present;
    }
    ObjectNode body = KubeJson.newObject();
    body.putObject("status").put("collisionCount", collisions + 1);
    cluster
        .cache(Workload.DEPLOYMENTS)
        .wrote(
            cluster
                .api()
                .patchStatus(Workload.DEPLOYMENTS, ObjectName.of(deployment), Fields.merge(body)));
    throw e;
  }

  private static ReplicaSet describe(
      Deployment deployment, String hash, int replicas, long revision) {
    PodTemplateSpec template = deployment.templateCopy();
    Map<String, String> podLabels = new LinkedHashMap<>(map(template.getMetadata().getLabels()));
    podLabels.put(TemplateHash.LABEL, hash);
    template.getMetadata().setLabels(podLabels);
    LabelSelector selector = deployment.selectorCopy();
    Map<String, String> matched = new LinkedHashMap<>(map(selector.getMatchLabels()));
    matched.put(TemplateHash.LABEL, hash);
    selector.setMatchLabels(matched);

    ObjectMeta metadata = new ObjectMeta();
    metadata.setNamespace(deployment.metadata().getNamespace());
    metadata.setName(deployment.metadata().getName() + "-" + hash);
    metadata.setLabels(podLabels);
    Map<String, String> notes = new LinkedHashMap<>(copied(deployment));
    notes.put(REVISION, Long.toString(revision));
    notes.put(DESIRED, Integer.toString(deployment.wanted()));
    notes.put(MAX, Integer.toString(deployment.wanted() + deployment.maxSurge()));
    metadata.setAnnotations(notes);
    metadata.setOwnerReferences(
        List.of(Fields.controllerReference(Workload.DEPLOYMENTS, deployment)));
    return new ReplicaSet(
        Workload.REPLICA_SETS.apiVersion(),
        Workload.REPLICA_SETS.kind(),
        metadata,
        new ReplicaSet.Spec(replicas, deployment.spec().minReadySeconds(), selector, template),
        null);
  }

  /**
   * Brings size and notes of a set up to date.
   *
   * @param revision that it should have at least; 0 to leave it
   */
  ReplicaSet refresh(Deployment deployment, ReplicaSet set, int replicas, long revision)
      throws InterruptedException {
    Map<String, String> wanted = new LinkedHashMap<>();
    wanted.put(DESIRED, Integer.toString(deployment.wanted()));
    wanted.put(MAX, Integer.toString(deployment.wanted() + deployment.maxSurge()));
    if (revision > 0) {
      wanted.putAll(copied(deployment));
      if (revision(set) < revision) {
        wanted.put(REVISION, Long.toString(revision));
      }
    }
    boolean noted =
        wanted.entrySet().stream()
            .allMatch(note -> note.getValue().equals(annotations(set).get(note.getKey())));
    if (noted && set.wanted() == replicas) {
      return set;
    }
    ObjectNode body = Fields.guarded(set);
    ObjectNode notes = body.withObjectProperty("metadata").putObject("annotations");
    wanted.forEach(notes::put);
    if (set.wanted() != replicas) {
      body.putObject("spec").put("replicas", replicas);
    }
    ReplicaSet changed =
        cluster.api().patch(Workload.REPLICA_SETS, ObjectName.of(set), Fields.merge(body));
    sets.wrote(changed);
    if (set.wanted() != replicas) {
      tellScaled(deployment, changed, set.wanted(), replicas);
    }
    return changed;
  }

  private static Map<String, String> copied(Deployment deployment) {
    Map<String, String> notes = new LinkedHashMap<>(annotations(deployment));
    notes.keySet().removeAll(NOT_COPIED);
    return notes;
  }

  private void tellScaled(Deployment deployment, ReplicaSet set, int from, int to)
      throws InterruptedException {
    if (from == to) {
      return;
    }
    cluster
        .events()
        .normal(
            "deployment-controller",
            Workload.DEPLOYMENTS,
            deployment,
            "ScalingReplicaSet",
            "Scaled %s replica set %s from %d to %d"
                .formatted(to > from ? "up" : "down", set.metadata().getName(), from, to));
  }

  /** Removes the oldest sets without pods, so that no more than the limit remain. */
  void forgetHistory(Deployment deployment, List<ReplicaSet> old) throws InterruptedException {
    List<ReplicaSet> empty =
        old.stream()
            .filter(set -> set.wanted() == 0 && set.observed().replicas() == 0)
            .sorted(Comparator.comparingLong(DeploymentSets::revision))
            .toList();
    int tooMany = old.size() - deployment.history();
    for (ReplicaSet set : empty.subList(0, Math.clamp(tooMany, 0, empty.size()))) {
      try {
        cluster
            .api()
            .delete(
                Workload.REPLICA_SETS,
                ObjectName.of(set),
                new DeleteRequest(Optional.empty(), Optional.of(Fields.uid(set))));
        sets.deleted(Fields.uid(set));
      } catch (KubeException.NotFound e) {
        sets.deleted(Fields.uid(set));
      }
    }
  }

  static long maxRevision(List<ReplicaSet> sets) {
    return sets.stream().mapToLong(DeploymentSets::revision).max().orElse(0);
  }

  static long revision(ReplicaSet set) {
    return number(set, REVISION);
  }

  /** What size of the deployment with surge a set was last told. */
  static int sizeBefore(ReplicaSet set) {
    return (int) number(set, MAX);
  }

  /** What size of the deployment a set was last told; empty when it was not. */
  static Optional<Integer> desiredBefore(ReplicaSet set) {
    return annotations(set).containsKey(DESIRED)
        ? Optional.of((int) number(set, DESIRED))
        : Optional.empty();
  }

  private static long number(ReplicaSet set, String annotation) {
    try {
      return Long.parseLong(annotations(set).getOrDefault(annotation, "0"));
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
