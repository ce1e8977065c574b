package org.k3sjvm.server.control.schedule;

import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.text;

import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.Selector;

/**
 * Whether a pod wants a node, by name and labels. Source: component-helpers v0.36
 * scheduling/corev1/nodeaffinity.
 */
public final class NodeAffinities {
  private NodeAffinities() {}

  /** The node selector and the required terms, of which one must hold. */
  public static boolean matches(PodSpec spec, String node, Map<String, String> labels) {
    if (!Selector.equalTo(spec.getNodeSelector()).matches(labels)) {
      return false;
    }
    return affinity(spec)
        .map(NodeAffinity::getRequiredDuringSchedulingIgnoredDuringExecution)
        .map(
            required ->
                list(required.getNodeSelectorTerms()).stream()
                    .anyMatch(term -> matches(term, node, labels)))
        .orElse(true);
  }

  /** The sum of the weights of the preferred terms that hold. */
  public static long preference(PodSpec spec, String node, Map<String, String> labels) {
    return affinity(spec).stream()
        .flatMap(a -> list(a.getPreferredDuringSchedulingIgnoredDuringExecution()).stream())
        .filter(term -> matches(term.getPreference(), node, labels))
        .mapToLong(term -> Fields.number(term.getWeight(), 0))
        .sum();
  }

  private static Optional<NodeAffinity> affinity(PodSpec spec) {
    return Optional.ofNullable(spec.getAffinity()).map(affinity -> affinity.getNodeAffinity());
  }

  private static boolean matches(NodeSelectorTerm term, String node, Map<String, String> labels) {
    List<NodeSelectorRequirement> byLabel = list(term.getMatchExpressions());
    List<NodeSelectorRequirement> byField = list(term.getMatchFields());
    return !(byLabel.isEmpty() && byField.isEmpty())
        && byLabel.stream().allMatch(requirement -> holds(requirement, labels))
        && byField.stream()
            .allMatch(requirement -> holds(requirement, Map.of("metadata.name", node)));
  }

  private static boolean holds(NodeSelectorRequirement requirement, Map<String, String> values) {
    return new Selector.Requirement(
            text(requirement.getKey()),
            text(requirement.getOperator()),
            Set.copyOf(list(requirement.getValues())))
        .matches(values);
  }
}
