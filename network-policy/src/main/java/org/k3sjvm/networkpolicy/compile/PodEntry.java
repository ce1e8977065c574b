package org.k3sjvm.networkpolicy.compile;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.networkpolicy.model.PodFacts;

/** One pod as the API shows it, and as this node knows it, which comes first. */
final class PodEntry {
  @Nullable PodFacts shown;
  @Nullable PodFacts own;

  /** When this node said so last, of all its pods; 0 for never. */
  long turn;

  /** What is believed; null for a pod without addresses. */
  @Nullable PodFacts facts;

  /** Policies of its namespace that select it, by name; only of pods of this node. */
  List<PolicyEntry> selected = List.of();

  boolean gone() {
    return shown == null && own == null;
  }

  /** What to believe now: addresses from here, labels from the API if it speaks of the same pod. */
  @Nullable PodFacts believed() {
    PodFacts here = own;
    PodFacts there = shown;
    if (here == null) {
      return there == null || there.over() ? null : there;
    }
    if (there == null || !there.uid().equals(here.uid())) {
      return here;
    }
    return there.over() ? null : there.withAddresses(here.addresses());
  }

  /** Of two that claim an address, the one to believe. */
  boolean outranks(PodEntry other) {
    if (turn != other.turn) {
      return turn > other.turn;
    }
    PodFacts mine = facts;
    PodFacts its = other.facts;
    if (mine == null || its == null) {
      return mine != null;
    }
    if (mine.deleting() != its.deleting()) {
      return its.deleting();
    }
    int newer = mine.created().compareTo(its.created());
    return newer != 0 ? newer > 0 : mine.uid().compareTo(its.uid()) > 0;
  }
}
