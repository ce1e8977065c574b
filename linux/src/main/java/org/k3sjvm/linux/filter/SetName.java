package org.k3sjvm.linux.filter;

/**
 * A named set or map.
 *
 * @param set such as {@code service-ips}
 */
public record SetName(TableName table, String set) {
  public SetName {
    if (!set.matches("[a-zA-Z][a-zA-Z0-9/\\\\_.-]*")) {
      throw new IllegalArgumentException("not a set: " + set);
    }
  }

  @Override
  public String toString() {
    return table + " " + set;
  }
}
