package org.k3sjvm.networkpolicy.model;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Which labels are meant: all requirements must hold; none means everything. Equal selectors are
 * equal values, in whatever order they were written.
 *
 * <p>Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
 */
public record Selector(List<Requirement> all) {
  public static final Selector EVERYTHING = new Selector(List.of());

  /** What a requirement asks of the label. */
  public enum Operator {
    IN,
    NOT_IN,
    EXISTS,
    DOES_NOT_EXIST
  }

  /**
   * One requirement.
   *
   * @param values in order; empty for the operators that take none
   */
  public record Requirement(String key, Operator operator, List<String> values)
      implements Comparable<Requirement> {
    public Requirement {
      values = List.copyOf(new TreeSet<>(values));
    }

    boolean holds(Map<String, String> labels) {
      String value = labels.get(key);
      return switch (operator) {
        case IN -> value != null && values.contains(value);
        case NOT_IN -> value == null || !values.contains(value);
        case EXISTS -> value != null;
        case DOES_NOT_EXIST -> value == null;
      };
    }

    @Override
    public int compareTo(Requirement other) {
      return toString().compareTo(other.toString());
    }

    @Override
    public String toString() {
      return switch (operator) {
        case IN -> key + " in " + values;
        case NOT_IN -> key + " notin " + values;
        case EXISTS -> key;
        case DOES_NOT_EXIST -> "!" + key;
      };
    }
  }

  public Selector {
    all = all.stream().distinct().sorted().toList();
  }

  public boolean matches(Map<String, String> labels) {
    for (Requirement requirement : all) {
      if (!requirement.holds(labels)) {
        return false;
      }
    }
    return true;
  }

  /** The same text for the same selector. */
  @Override
  public String toString() {
    return all.toString();
  }
}
