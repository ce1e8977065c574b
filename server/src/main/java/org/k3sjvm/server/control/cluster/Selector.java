package org.k3sjvm.server.control.cluster;

import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.map;
import static org.k3sjvm.server.control.cluster.Fields.text;

import io.fabric8.kubernetes.api.model.LabelSelector;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Conditions on labels, all of which must hold. Source: apimachinery v0.36 pkg/labels. */
public record Selector(List<Requirement> requirements) {
  public Selector {
    requirements = List.copyOf(requirements);
  }

  /** One condition; an unknown operator never holds. */
  public record Requirement(String key, String operator, Set<String> values) {
    public Requirement {
      values = Set.copyOf(values);
    }

    /** Whether labels fulfil it. */
    public boolean matches(Map<String, String> labels) {
      String value = labels.get(key);
      return switch (operator) {
        case "In" -> value != null && values.contains(value);
        case "NotIn" -> value == null || !values.contains(value);
        case "Exists" -> value != null;
        case "DoesNotExist" -> value == null;
        case "Gt" -> value != null && difference(value) > 0;
        case "Lt" -> value != null && difference(value) < 0;
        default -> false;
      };
    }

    private int difference(String value) {
      try {
        return Long.compare(Long.parseLong(value), Long.parseLong(values.iterator().next()));
      } catch (NumberFormatException e) {
        return 0;
      }
    }
  }

  /** The selector of a workload; one that is missing matches nothing, an empty one everything. */
  public static Selector of(@Nullable LabelSelector selector) {
    if (selector == null) {
      return new Selector(List.of(new Requirement("", "In", Set.of())));
    }
    List<Requirement> all = new ArrayList<>(equalTo(selector.getMatchLabels()).requirements());
    for (var expression : list(selector.getMatchExpressions())) {
      all.add(
          new Requirement(
              text(expression.getKey()),
              text(expression.getOperator()),
              Set.copyOf(list(expression.getValues()))));
    }
    return new Selector(all);
  }

  /** Each label equal. */
  public static Selector equalTo(@Nullable Map<String, String> labels) {
    return new Selector(
        map(labels).entrySet().stream()
            .map(entry -> new Requirement(entry.getKey(), "In", Set.of(entry.getValue())))
            .toList());
  }

  /** Whether labels fulfil every requirement. */
  public boolean matches(Map<String, String> labels) {
    return requirements.stream().allMatch(requirement -> requirement.matches(labels));
  }
}
