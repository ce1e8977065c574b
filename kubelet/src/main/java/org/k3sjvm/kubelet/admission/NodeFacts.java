package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeFeatures;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.kubelet.resources.PodRequests;

/**
 * What pods are measured against.
 *
 * @param labels with {@code kubernetes.io/os} and {@code kubernetes.io/hostname} even before the
 *     API server knows the node
 * @param allocatable exact amounts by name; empty while unknown, which refuses nobody
 * @param strictGroups whether the runtime can leave out the image's groups
 * @param appArmor whether the kernel enforces profiles
 */
public record NodeFacts(
    String name,
    Map<String, String> labels,
    List<Taint> taints,
    Map<String, BigDecimal> allocatable,
    boolean strictGroups,
    boolean appArmor) {

  public NodeFacts {
    labels = Map.copyOf(labels);
    taints = List.copyOf(taints);
    allocatable = Map.copyOf(allocatable);
  }

  /** From the Node object, if there is one, and what this kubelet counts itself. */
  public static NodeFacts of(
      String name, Optional<Node> node, Map<String, Quantity> allocatable, boolean appArmor) {
    Map<String, String> labels = new HashMap<>(Map.of("kubernetes.io/hostname", name));
    node.map(n -> n.getMetadata().getLabels()).ifPresent(labels::putAll);
    labels.put("kubernetes.io/os", "linux");
    boolean strict =
        node.map(Node::getStatus)
            .map(NodeStatus::getFeatures)
            .map(NodeFeatures::getSupplementalGroupsPolicy)
            .orElse(false);
    return new NodeFacts(
        name,
        labels,
        node.map(n -> n.getSpec() == null ? List.<Taint>of() : n.getSpec().getTaints())
            .orElse(List.of()),
        PodRequests.amounts(allocatable),
        strict,
        appArmor);
  }
}
