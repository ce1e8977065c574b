package org.k3sjvm.server.control.node;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.server.control.cluster.Cluster;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.Pods;
import org.k3sjvm.server.control.cluster.Reconciler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes the pods that no kubelet will ever remove: their node is gone, or never was. */
public final class OrphanedPods implements Reconciler<ObjectName> {
  /** A node that comes back within it keeps its pods. Source: podgc quarantineTime. */
  static final Duration QUARANTINE = Duration.ofSeconds(40);

  private static final Logger log = LoggerFactory.getLogger(OrphanedPods.class);

  private final Cluster cluster;
  private final Map<String, Instant> missingSince = new HashMap<>();

  public OrphanedPods(Cluster cluster) {
    this.cluster = cluster;
  }

  @Override
  public Optional<Duration> reconcile(ObjectName name) throws InterruptedException {
    Optional<Pod> found = cluster.pods().find(name);
    if (found.isEmpty()) {
      return NO_LATER_LOOK;
    }
    Pod pod = found.get();
    String node = Pods.nodeName(pod);
    if (node.isEmpty()) {
      if (pod.getMetadata().getDeletionTimestamp() != null
          && Fields.list(pod.getMetadata().getFinalizers()).isEmpty()) {
        remove(pod);
      }
      return NO_LATER_LOOK;
    }
    if (exists(node)) {
      missingSince.remove(node);
      return NO_LATER_LOOK;
    }
    Instant now = cluster.clock().instant();
    Instant since = missingSince.computeIfAbsent(node, _ -> now);
    Duration left = QUARANTINE.minus(Duration.between(since, now));
    if (left.isPositive()) {
      return Optional.of(left);
    }
    if (cluster.api().find(Resources.NODES, ObjectName.ofCluster(node)).isEmpty()) {
      fail(pod, now);
      remove(pod);
    }
    return NO_LATER_LOOK;
  }

  private boolean exists(String node) {
    return cluster.nodes().find(ObjectName.ofCluster(node)).isPresent();
  }

  private void fail(Pod pod, Instant now) throws InterruptedException {
    if (Pods.isTerminal(pod)) {
      return;
    }
    ObjectNode body = KubeJson.newObject();
    ObjectNode status = body.putObject("status").put("phase", "Failed");
    status
        .putArray("conditions")
        .addObject()
        .put("type", "DisruptionTarget")
        .put("status", "True")
        .put("reason", "DeletionByPodGC")
        .put("message", "PodGC: node no longer exists")
        .put("lastTransitionTime", Fields.time(now));
    cluster
        .pods()
        .wrote(
            cluster
                .api()
                .patchStatus(Resources.PODS, ObjectName.of(pod), new Patch.Strategic(body)));
  }

  private void remove(Pod pod) throws InterruptedException {
    ObjectName name = ObjectName.of(pod);
    try {
      cluster.api().delete(Resources.PODS, name, DeleteRequest.now(Fields.uid(pod)));
      cluster.pods().deleted(Fields.uid(pod));
      log.atInfo()
          .addKeyValue("pod", name)
          .addKeyValue("node", Pods.nodeName(pod))
          .log("removed a pod without a node");
    } catch (KubeException.NotFound | KubeException.Conflict e) {
      log.atDebug().addKeyValue("pod", name).log("a pod without a node is gone already");
    }
  }
}
