package org.k3sjvm.linux.filter;

import java.util.Map;

/**
 * The chains and rules of a table, in brief.
 *
 * @param rules how many rules each chain has
 * @param fingerprint another number when somebody has added, removed or replaced a chain or rule
 */
public record TableState(Map<String, Integer> rules, long fingerprint) {
  public TableState {
    rules = Map.copyOf(rules);
  }
}
