package org.k3sjvm.flannel;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.flannel.lease.NodeLease;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This node's own object: what flannel says on it. */
final class OwnNode {
  private static final Logger log = LoggerFactory.getLogger(OwnNode.class);

  private final KubeApi api;
  private final ObjectName name;
  private final InstantSource clock;

  OwnNode(KubeApi api, String name, InstantSource clock) {
    this.api = api;
    this.name = ObjectName.ofCluster(name);
    this.clock = clock;
  }

  /**
   * Makes the annotations as wanted, and says that the network is up where something said that it
   * is not. The status subresource is what a node may change.
   */
  void announce(NodeLease present, Map<String, String> wanted, NodeTable table)
      throws InterruptedException {
    if (!present.annotations().entrySet().containsAll(wanted.entrySet())) {
      ObjectNode patch = KubeJson.newObject();
      ObjectNode annotations = patch.putObject("metadata").putObject("annotations");
      wanted.forEach(annotations::put);
      table.put(patched(patch));
      log.atInfo().addKeyValue("annotations", wanted).log("pod network announced to the peers");
    }
    if (present.networkUnavailable()) {
      table.put(patched(networkIsUp()));
    }
  }

  /** Makes some annotations as wanted; those without a value are taken away. */
  void settle(NodeLease present, Map<String, Optional<String>> wanted, NodeTable table)
      throws InterruptedException {
    ObjectNode patch = KubeJson.newObject();
    ObjectNode annotations = patch.putObject("metadata").putObject("annotations");
    wanted.forEach(
        (key, value) -> {
          if (!value.equals(Optional.ofNullable(present.annotations().get(key)))) {
            value.ifPresentOrElse(
                text -> annotations.put(key, text), () -> annotations.putNull(key));
          }
        });
    if (!annotations.isEmpty()) {
      table.put(patched(patch));
    }
  }

  private Node patched(ObjectNode patch) throws InterruptedException {
    return api.patchStatus(Resources.NODES, name, new Patch.Strategic(patch));
  }

  /** Source: flannel v0.28 pkg/subnet/kube/kube.go, setNodeNetworkUnavailableFalse. */
  private ObjectNode networkIsUp() {
    String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    ObjectNode patch = KubeJson.newObject();
    patch
        .putObject("status")
        .putArray("conditions")
        .addObject()
        .put("type", "NetworkUnavailable")
        .put("status", "False")
        .put("reason", "FlannelIsUp")
        .put("message", "Flannel is running on this node")
        .put("lastTransitionTime", now)
        .put("lastHeartbeatTime", now);
    return patch;
  }

  /**
   * Whether an identity may list all nodes; from v1.32 on a kubelet's may not. A server without
   * such reviews is taken to allow it.
   */
  static boolean mayListNodes(KubeApi identity) throws InterruptedException {
    ObjectNode review = KubeJson.newObject();
    review.put("apiVersion", "authorization.k8s.io/v1").put("kind", "SelfSubjectAccessReview");
    review
        .putObject("spec")
        .putObject("resourceAttributes")
        .put("verb", "list")
        .put("resource", "nodes");
    try {
      return identity
          .post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
          .path("status")
          .path("allowed")
          .asBoolean();
    } catch (KubeException.NotFound e) {
      return true;
    }
  }
}
