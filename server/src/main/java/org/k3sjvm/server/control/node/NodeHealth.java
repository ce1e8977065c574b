package org.k3sjvm.server.control.node;

import static org.k3sjvm.server.control.cluster.Fields.array;
import static org.k3sjvm.server.control.cluster.Fields.guarded;
import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.merge;
import static org.k3sjvm.server.control.cluster.Fields.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.ObjectCache;
import org.k3sjvm.server.control.cluster.Pods;
import org.k3sjvm.server.control.cluster.Reconciler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches over a node's heartbeat, taints it by its conditions, and clears away the pods of a node
 * that is lost. Times count from when this process saw a change, so that neither a restart nor the
 * clock of a node makes a node look dead.
 */
public final class NodeHealth implements Reconciler<ObjectName> {
  /** Source: kube-controller-manager v1.36 --node-monitor-grace-period. */
  static final Duration GRACE = Duration.ofSeconds(50);

  public static final Selection NODE_LEASES = Selection.inNamespace("kube-node-lease");

  private static final Logger log = LoggerFactory.getLogger(NodeHealth.class);
  private static final List<String> OF_THE_KUBELET =
      List.of("Ready", "MemoryPressure", "DiskPressure", "PIDPressure");

  /** What a node last said of itself, and when we saw it. */
  private record Heartbeat(String uid, String lease, String status, Instant seen) {
    /** A condition that we set to Unknown ourselves, and so read as empty, is no sign of life. */
    boolean saysAsMuchAs(Heartbeat newer) {
      return uid.equals(newer.uid)
          && lease.equals(newer.lease)
          && (newer.status.isEmpty() || status.equals(newer.status));
    }
  }

  private final Cluster cluster;
  private final ObjectCache<Lease> leases;
  private final Map<ObjectName, Heartbeat> heartbeats = new HashMap<>();

  public NodeHealth(Cluster cluster) {
    this.cluster = cluster;
    this.leases = cluster.cache(Resources.LEASES, NODE_LEASES);
  }

  @Override
  public Optional<Duration> reconcile(ObjectName name) throws InterruptedException {
    Optional<Node> found = cluster.nodes().find(name);
    if (found.isEmpty()) {
      heartbeats.remove(name);
      return NO_LATER_LOOK;
    }
    Instant now = cluster.clock().instant();
    Node node = found.get();
    Duration silent = Duration.between(heartbeat(node, now).seen(), now);
    if (silent.compareTo(GRACE) >= 0) {
      node = markLost(node, now);
    }
    node = taint(node, now);
    if (!NodeTaints.readiness(node).equals("True")) {
      markPodsNotReady(node, now);
    }
    Duration again = silent.compareTo(GRACE) >= 0 ? GRACE : GRACE.minus(silent);
    return Optional.of(evict(node, now).filter(d -> d.compareTo(again) < 0).orElse(again));
  }

  private Heartbeat heartbeat(Node node, Instant now) {
    ObjectName name = ObjectName.of(node);
    String lease =
        leases
            .find(new ObjectName("kube-node-lease", name.name()))
            .map(one -> String.valueOf(one.getSpec() == null ? "" : one.getSpec().getRenewTime()))
            .orElse("");
    String status =
        NodeTaints.condition(node, "Ready")
            .filter(ready -> !"Unknown".equals(ready.getStatus()))
            .map(ready -> ready.getStatus() + text(ready.getLastHeartbeatTime()))
            .orElse("");
    Heartbeat before = heartbeats.get(name);
    Heartbeat newest = new Heartbeat(Fields.uid(node), lease, status, now);
    if (before != null && before.saysAsMuchAs(newest)) {
      return before;
    }
    heartbeats.put(name, newest);
    return newest;
  }

  private Node markLost(Node node, Instant now) throws InterruptedException {
    ObjectNode body = KubeJson.newObject();
    ArrayNode conditions = body.putObject("status").putArray("conditions");
    for (String type : OF_THE_KUBELET) {
      var present = NodeTaints.condition(node, type);
      if (present.isPresent() && "Unknown".equals(present.get().getStatus())) {
        continue;
      }
      ObjectNode condition = conditions.addObject().put("type", type).put("status", "Unknown");
      if (present.isPresent()) {
        condition
            .put("reason", "NodeStatusUnknown")
            .put("message", "Kubelet stopped posting node status.");
      } else {
        condition
            .put("reason", "NodeStatusNeverUpdated")
            .put("message", "Kubelet never posted node status.");
      }
      condition.put("lastTransitionTime", Fields.time(now));
    }
    if (conditions.isEmpty()) {
      return node;
    }
    log.atWarn()
        .addKeyValue("node", node.getMetadata().getName())
        .addKeyValue("silentFor", GRACE)
        .log("node lost: its kubelet has stopped posting");
    Node marked =
        cluster.api().patchStatus(Resources.NODES, ObjectName.of(node), new Patch.Strategic(body));
    cluster.nodes().wrote(marked);
    cluster
        .events()
        .normal(
            "node-controller",
            Resources.NODES,
            marked,
            "NodeNotReady",
            "Node " + marked.getMetadata().getName() + " status is now: NodeNotReady");
    return marked;
  }

  private Node taint(Node node, Instant now) throws InterruptedException {
    List<Taint> wanted = NodeTaints.wanted(node, now);
    if (wanted.equals(NodeTaints.present(node))) {
      return node;
    }
    ObjectNode body = guarded(node);
    body.putObject("spec").set("taints", array(wanted));
    Node tainted = cluster.api().patch(Resources.NODES, ObjectName.of(node), merge(body));
    cluster.nodes().wrote(tainted);
    return tainted;
  }

  private List<Pod> podsOn(Node node) {
    String name = node.getMetadata().getName();
    return cluster.pods().all().stream()
        .filter(pod -> Pods.nodeName(pod).equals(name) && !Pods.isTerminal(pod))
        .toList();
  }

  /** So that no service sends traffic to a node that is not ready. */
  private void markPodsNotReady(Node node, Instant now) throws InterruptedException {
    if (NodeTaints.readiness(node).isEmpty()) {
      return;
    }
    for (Pod pod : podsOn(node)) {
      if (Pods.isReady(pod)) {
        ObjectNode body = KubeJson.newObject();
        body.putObject("status")
            .putArray("conditions")
            .addObject()
            .put("type", "Ready")
            .put("status", "False")
            .put("lastTransitionTime", Fields.time(now));
        patchPod(pod, body);
        cluster
            .events()
            .warning("node-controller", Resources.PODS, pod, "NodeNotReady", "Node is not ready");
      }
    }
  }

  /** Deletes the pods whose time on the node is over; the wait for the next of them. */
  private Optional<Duration> evict(Node node, Instant now) throws InterruptedException {
    List<Taint> driving = NodeTaints.driving(node);
    if (driving.isEmpty()) {
      return Optional.empty();
    }
    Duration next = null;
    for (Pod pod : podsOn(node)) {
      if (cluster.pods().isDeleting(pod)) {
        continue;
      }
      var due = Eviction.due(driving, list(pod.getSpec().getTolerations()), now);
      if (due.isEmpty()) {
        continue;
      }
      Duration left = Duration.between(now, due.get());
      if (left.isPositive()) {
        next = next == null || left.compareTo(next) < 0 ? left : next;
      } else {
        evict(pod, now);
      }
    }
    return Optional.ofNullable(next);
  }

  private void evict(Pod pod, Instant now) throws InterruptedException {
    ObjectName name = ObjectName.of(pod);
    cluster
        .events()
        .normal(
            "taint-eviction-controller",
            Resources.PODS,
            pod,
            "TaintManagerEviction",
            "Marking for deletion Pod " + name);
    ObjectNode body = KubeJson.newObject();
    body.putObject("status")
        .putArray("conditions")
        .addObject()
        .put("type", "DisruptionTarget")
        .put("status", "True")
        .put("reason", "DeletionByTaintManager")
        .put("message", "Taint manager: deleting due to NoExecute taint")
        .put("lastTransitionTime", Fields.time(now));
    patchPod(pod, body);
    try {
      cluster
          .api()
          .delete(
              Resources.PODS,
              name,
              new DeleteRequest(Optional.empty(), Optional.of(Fields.uid(pod))));
      cluster.pods().deleted(Fields.uid(pod));
    } catch (KubeException.NotFound | KubeException.Conflict e) {
      log.atDebug().addKeyValue("pod", name).log("a pod to evict is gone already");
    }
  }

  private void patchPod(Pod pod, ObjectNode body) throws InterruptedException {
    try {
      cluster
          .pods()
          .wrote(
              cluster
                  .api()
                  .patchStatus(Resources.PODS, ObjectName.of(pod), new Patch.Strategic(body)));
    } catch (KubeException.NotFound e) {
      log.atDebug().addKeyValue("pod", ObjectName.of(pod)).log("a pod of a lost node is gone");
    }
  }
}
