package org.k3sjvm.linux.filter;

import java.util.List;

/** One step of a transaction. What a step needs must be there, or be added by one before it. */
public sealed interface FilterChange
    permits ElementChange,
        FilterChange.AddSet,
        FilterChange.AddChain,
        FilterChange.RemoveChains,
        FilterChange.RemoveSet {
  /** A set or map that is not there, and empty at first. */
  record AddSet(SetName set, SetType type) implements FilterChange {}

  /** A chain that is not there, to be jumped to. */
  record AddChain(TableName table, String chain, List<Rule> rules) implements FilterChange {
    public AddChain {
      rules = List.copyOf(rules);
    }
  }

  /** Chains with their rules, which may lead to one another, but nothing else to them. */
  record RemoveChains(TableName table, List<String> chains) implements FilterChange {
    public RemoveChains {
      chains = List.copyOf(chains);
    }
  }

  /** A set with its elements, which no rule asks any more. */
  record RemoveSet(SetName set) implements FilterChange {}
}
