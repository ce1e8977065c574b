package org.k3sjvm.linux.filter;

import java.util.List;

/** A table of chains, as text. */
public record FilterTable(TableName name, List<Chain> chains) {
  /**
   * A chain.
   *
   * @param hook such as {@code type nat hook postrouting priority 101; policy accept;}; empty for a
   *     chain that is jumped to
   * @param rules in order
   */
  public record Chain(String name, String hook, List<String> rules) {
    public Chain {
      rules = List.copyOf(rules);
    }
  }

  public FilterTable {
    chains = List.copyOf(chains);
  }

  /** Commands that put it in the place of the one that is there, or not there. */
  public String script() {
    StringBuilder text = new StringBuilder();
    text.append("add table ").append(name).append('\n');
    text.append("delete table ").append(name).append('\n');
    text.append("table ").append(name).append(" {\n");
    for (Chain chain : chains) {
      text.append("  chain ").append(chain.name()).append(" {\n");
      if (!chain.hook().isEmpty()) {
        text.append("    ").append(chain.hook()).append('\n');
      }
      chain.rules().forEach(rule -> text.append("    ").append(rule).append('\n'));
      text.append("  }\n");
    }
    return text.append("}\n").toString();
  }
}
