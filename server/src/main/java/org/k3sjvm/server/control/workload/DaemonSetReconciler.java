package org.k3sjvm.server.control.workload;

import static org.k3sjvm.server.control.cluster.Fields.map;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.ObjectCache;
import org.k3sjvm.server.control.cluster.Reconciler;

/** Keeps one pod of a DaemonSet on each node that wants it. */
public final class DaemonSetReconciler implements Reconciler<ObjectName> {
  private final Cluster cluster;
  private final ObjectCache<DaemonSet> sets;
  private final OwnedPods<DaemonSet> pods;

  public DaemonSetReconciler(Cluster cluster) {
    this.cluster = cluster;
    this.sets = cluster.cache(Workload.DAEMON_SETS);
    this.pods = new OwnedPods<>(cluster, Workload.DAEMON_SETS, "daemonset-controller");
  }

  @Override
  public Optional<Duration> reconcile(ObjectName name) throws InterruptedException {
    Optional<DaemonSet> found = sets.find(name);
    if (found.isEmpty() || sets.isDeleting(found.get())) {
      return NO_LATER_LOOK;
    }
    DaemonSet set = found.get();
    Instant now = cluster.clock().instant();
    List<Node> nodes =
        cluster.nodes().all().stream().filter(node -> !cluster.nodes().isDeleting(node)).toList();
    List<Pod> owned = pods.claim(set);
    String hash = TemplateHash.of(set.template(), 0);
    DaemonPlan plan = DaemonPlan.of(set, nodes, owned, hash, now);
    List<Pod> wanted = new ArrayList<>();
    for (String node : plan.createOn()) {
      wanted.add(podFor(set, node, hash));
    }
    pods.create(set, wanted);
    pods.delete(
        set, plan.delete().stream().filter(pod -> !cluster.pods().isDeleting(pod)).toList());
    OwnedPods.report(cluster, sets, set, set.status(), plan.status());
    return ReplicaSetReconciler.becomesAvailable(owned, set.minReady(), now);
  }

  private Pod podFor(DaemonSet set, String node, String hash) {
    PodTemplateSpec template = set.templateCopy();
    Pod pod = pods.fromTemplate(set, template);
    Map<String, String> labels = new LinkedHashMap<>(map(pod.getMetadata().getLabels()));
    labels.put(DaemonPlan.HASH_LABEL, hash);
    labels.put("pod-template-generation", Long.toString(set.generation()));
    pod.getMetadata().setLabels(labels);
    pod.getSpec().setTolerations(DaemonPlan.tolerations(pod.getSpec()));
    bindTo(pod, node);
    return pod;
  }

  /** The scheduler places it, but on this node alone. */
  private static void bindTo(Pod pod, String node) {
    NodeSelectorTerm term = new NodeSelectorTerm();
    term.setMatchFields(List.of(new NodeSelectorRequirement("metadata.name", "In", List.of(node))));
    NodeSelector selector = new NodeSelector();
    selector.setNodeSelectorTerms(List.of(term));
    Affinity affinity =
        pod.getSpec().getAffinity() == null ? new Affinity() : pod.getSpec().getAffinity();
    if (affinity.getNodeAffinity() == null) {
      affinity.setNodeAffinity(new NodeAffinity());
    }
    affinity.getNodeAffinity().setRequiredDuringSchedulingIgnoredDuringExecution(selector);
    pod.getSpec().setAffinity(affinity);
  }
}
