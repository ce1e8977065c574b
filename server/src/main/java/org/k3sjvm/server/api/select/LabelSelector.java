package org.k3sjvm.server.api.select;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.tree.Trees;

/** Conditions on labels, all of which must hold. */
public record LabelSelector(List<Requirement> requirements) {
  public static final LabelSelector EVERYTHING = new LabelSelector(List.of());

  /** Fits no object: what a selector that is not there means in a Service. */
  public static final LabelSelector NOTHING =
      new LabelSelector(List.of(new Requirement("", Operator.IN, Set.of())));

  public LabelSelector {
    requirements = List.copyOf(requirements);
  }

  /** How a label is compared. */
  public enum Operator {
    IN,
    NOT_IN,
    EXISTS,
    NOT_EXISTS,
    GREATER,
    LESS
  }

  /** One condition. */
  public record Requirement(String key, Operator operator, Set<String> values) {
    public Requirement {
      values = Set.copyOf(values);
    }

    boolean matches(JsonNode labels) {
      JsonNode value = labels.get(key);
      return switch (operator) {
        case IN -> value != null && values.contains(value.asText());
        case NOT_IN -> value == null || !values.contains(value.asText());
        case EXISTS -> value != null;
        case NOT_EXISTS -> value == null;
        case GREATER -> value != null && compare(value.asText()) > 0;
        case LESS -> value != null && compare(value.asText()) < 0;
      };
    }

    /** Zero also when one of both is no number, or missing. */
    private int compare(String value) {
      if (values.isEmpty()) {
        return 0;
      }
      try {
        return Long.compare(Long.parseLong(value), Long.parseLong(values.iterator().next()));
      } catch (NumberFormatException _) {
        return 0;
      }
    }
  }

  /** Equality with each label of a map, as in a Service's selector. */
  public static LabelSelector of(Map<String, String> labels) {
    return new LabelSelector(
        labels.entrySet().stream()
            .map(e -> new Requirement(e.getKey(), Operator.IN, Set.of(e.getValue())))
            .toList());
  }

  /** {@code matchLabels} and {@code matchExpressions}; everything when both are empty. */
  public static LabelSelector of(JsonNode selector) {
    List<Requirement> all = new ArrayList<>(of(Trees.map(selector, "matchLabels")).requirements());
    for (JsonNode expression : selector.path("matchExpressions")) {
      all.add(expression(expression));
    }
    return new LabelSelector(all);
  }

  /** One {@code matchExpressions} element, with the operators of node selectors too. */
  public static Requirement expression(JsonNode expression) {
    Operator operator =
        switch (Trees.text(expression, "operator")) {
          case "In" -> Operator.IN;
          case "NotIn" -> Operator.NOT_IN;
          case "Exists" -> Operator.EXISTS;
          case "DoesNotExist" -> Operator.NOT_EXISTS;
          case "Gt" -> Operator.GREATER;
          case "Lt" -> Operator.LESS;
          default -> throw ApiException.badRequest("unknown operator in " + expression);
        };
    return new Requirement(
        Trees.text(expression, "key"), operator, Set.copyOf(Trees.texts(expression, "values")));
  }

  /**
   * Reads {@code a=b,c in (d,e),!f}.
   *
   * @throws ApiException when it is malformed
   */
  public static LabelSelector parse(String text) {
    return new LabelSelector(new SelectorParser(text).parse());
  }

  public boolean matches(JsonNode labels) {
    for (Requirement requirement : requirements) {
      if (!requirement.matches(labels)) {
        return false;
      }
    }
    return true;
  }
}
