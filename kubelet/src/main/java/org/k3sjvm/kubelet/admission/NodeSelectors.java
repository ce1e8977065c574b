package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Whether a node is one that the pod asks for.
 *
 * <p>Source: Kubernetes v1.36 component-helpers/scheduling/corev1/nodeaffinity.
 */
final class NodeSelectors {
  private NodeSelectors() {}

  static boolean matches(PodSpec spec, NodeFacts node) {
    if (spec.getNodeSelector() != null
        && !node.labels().entrySet().containsAll(spec.getNodeSelector().entrySet())) {
      return false;
    }
    Optional<NodeSelector> required =
        Optional.ofNullable(spec.getAffinity())
            .map(a -> a.getNodeAffinity())
            .map(NodeAffinity::getRequiredDuringSchedulingIgnoredDuringExecution);
    return required
        .map(r -> r.getNodeSelectorTerms().stream().anyMatch(t -> matches(t, node)))
        .orElse(true);
  }

  private static boolean matches(NodeSelectorTerm term, NodeFacts node) {
    List<NodeSelectorRequirement> labels = term.getMatchExpressions();
    List<NodeSelectorRequirement> fields = term.getMatchFields();
    if (labels.isEmpty() && fields.isEmpty()) {
      return false;
    }
    return labels.stream().allMatch(r -> label(r, node.labels()))
        && fields.stream().allMatch(r -> field(r, node.name()));
  }

  private static boolean label(NodeSelectorRequirement r, Map<String, String> labels) {
    String is = labels.get(r.getKey());
    return switch (r.getOperator()) {
      case "In" -> is != null && r.getValues().contains(is);
      case "NotIn" -> is == null || !r.getValues().contains(is);
      case "Exists" -> is != null;
      case "DoesNotExist" -> is == null;
      case "Gt" -> compared(r, is, 1);
      case "Lt" -> compared(r, is, -1);
      default -> false;
    };
  }

  private static boolean compared(NodeSelectorRequirement r, @Nullable String is, int sign) {
    if (is == null || r.getValues().size() != 1) {
      return false;
    }
    OptionalLong left = whole(is);
    OptionalLong right = whole(r.getValues().getFirst());
    return left.isPresent()
        && right.isPresent()
        && Long.compare(left.getAsLong(), right.getAsLong()) == sign;
  }

  private static OptionalLong whole(String text) {
    try {
      return OptionalLong.of(Long.parseLong(text));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  /** The name is the only field there is; another one has no value. */
  private static boolean field(NodeSelectorRequirement r, String name) {
    if (r.getValues().size() != 1) {
      return false;
    }
    String is = r.getKey().equals("metadata.name") ? name : "";
    boolean equal = r.getValues().getFirst().equals(is);
    return switch (r.getOperator()) {
      case "In" -> equal;
      case "NotIn" -> !equal;
      default -> false;
    };
  }
}
