package org.k3sjvm.linux.filter;

/**
 * A table.
 *
 * @param family {@code ip}, {@code ip6} or {@code inet}
 * @param name such as {@code k3s-flannel}
 */
public record TableName(String family, String name) {
  public TableName {
    if (!family.matches("ip|ip6|inet") || !name.matches("[a-z][a-z0-9_-]*")) {
      throw new IllegalArgumentException("not a table: " + family + " " + name);
    }
  }

  @Override
  public String toString() {
    return family + " " + name;
  }
}
