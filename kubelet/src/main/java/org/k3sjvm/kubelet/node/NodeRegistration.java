package org.k3sjvm.kubelet.node;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.TaintBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.k3sjvm.base.backoff.Backoff;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the node, or finds the one that is there. Source: kubelet v1.36 tryRegisterWithAPIServer.
 */
final class NodeRegistration {
  private static final Logger log = LoggerFactory.getLogger(NodeRegistration.class);
  private static final Backoff BACKOFF =
      Backoff.doubling(Duration.ofMillis(100), Duration.ofSeconds(7));
  private static final Map<String, String> ANNOTATIONS =
      Map.of("volumes.kubernetes.io/controller-managed-attach-detach", "true");

  private final NodeConfig config;
  private final KubeApi api;
  private final Sleeper sleeper;
  private final RandomGenerator random;

  NodeRegistration(NodeConfig config, KubeApi api, Sleeper sleeper, RandomGenerator random) {
    this.config = config;
    this.api = api;
    this.sleeper = sleeper;
    this.random = random;
  }

  /** Blocks until the server has the node. */
  Node register(String architecture, NodeStatus status) throws InterruptedException {
    for (int attempt = 0; ; attempt++) {
      try {
        return createOrAdopt(architecture, status);
      } catch (KubeException e) {
        Duration wait = BACKOFF.after(attempt, random);
        log.atWarn()
            .addKeyValue("node", config.name())
            .addKeyValue("attempt", attempt + 1)
            .addKeyValue("reason", e.getMessage())
            .addKeyValue("retryIn", wait)
            .log("cannot register the node, trying again");
        sleeper.sleep(wait);
      }
    }
  }

  /** Makes the CSINode that the scheduler and the volume controllers look for. */
  void registerStorage(Node node) throws InterruptedException {
    GenericKubernetesResource storage = new GenericKubernetesResource();
    storage.setApiVersion(Resources.CSI_NODES.apiVersion());
    storage.setKind(Resources.CSI_NODES.kind());
    storage.setMetadata(
        new ObjectMetaBuilder()
            .withName(config.name())
            .addNewOwnerReference()
            .withApiVersion("v1")
            .withKind("Node")
            .withName(config.name())
            .withUid(node.getMetadata().getUid())
            .endOwnerReference()
            .build());
    storage.setAdditionalProperties(Map.of("spec", Map.of("drivers", List.of())));
    try {
      api.create(Resources.CSI_NODES, storage);
    } catch (KubeException.AlreadyExists e) {
      // as it should be after a restart
    } catch (KubeException e) {
      log.atDebug()
          .addKeyValue("node", config.name())
          .addKeyValue("reason", e.getMessage())
          .log("the server takes no CSINode; volumes of CSI drivers will not work");
    }
  }

  private Node createOrAdopt(String architecture, NodeStatus status) throws InterruptedException {
    try {
      Node made = api.create(Resources.NODES, node(architecture, status));
      log.atInfo().addKeyValue("node", config.name()).log("node registered");
      return made;
    } catch (KubeException.AlreadyExists | KubeException.Forbidden e) {
      Node present = api.get(Resources.NODES, ObjectName.ofCluster(config.name()));
      Optional<JsonNode> patch =
          NodePatches.registration(
              present, NodeLabels.defaults(config.name(), architecture), ANNOTATIONS);
      log.atInfo().addKeyValue("node", config.name()).log("node was registered before");
      return patch.isEmpty()
          ? present
          : api.patch(
              Resources.NODES,
              ObjectName.ofCluster(config.name()),
              new Patch.Strategic(patch.get()));
    }
  }

  private Node node(String architecture, NodeStatus status) {
    Map<String, String> labels = NodeLabels.defaults(config.name(), architecture);
    labels.putAll(config.labels());
    Map<String, String> annotations = new TreeMap<>(ANNOTATIONS);
    NodeStatuses.providedIps(config)
        .ifPresent(ips -> annotations.put(NodeStatuses.PROVIDED_IP, ips));
    NodeBuilder node =
        new NodeBuilder()
            .withNewMetadata()
            .withName(config.name())
            .withLabels(labels)
            .withAnnotations(annotations)
            .endMetadata()
            .withNewSpec()
            .withTaints(taints())
            .endSpec()
            .withStatus(status);
    if (!config.providerId().isEmpty()) {
      node.editSpec().withProviderID(config.providerId()).endSpec();
    }
    return node.build();
  }

  private List<Taint> taints() {
    List<Taint> taints = new ArrayList<>(config.taints());
    if (config.externalCloud()) {
      taints.add(
          new TaintBuilder()
              .withKey("node.cloudprovider.kubernetes.io/uninitialized")
              .withValue("true")
              .withEffect("NoSchedule")
              .build());
    }
    return taints;
  }
}
