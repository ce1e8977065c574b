package org.k3sjvm.networkpolicy.compile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.linux.filter.Rule;
import org.k3sjvm.linux.filter.SetType;

/**
 * A table as it should be, and what was changed since somebody last took the changes: for each
 * thing that was touched, how it was before. What is changed and changed back is no change.
 */
final class TableState {
  private record Key(String set, String key) {}

  /** A set or map: its type, and its members. */
  static final class Members {
    final SetType type;
    final Map<String, String> values = new HashMap<>();

    Members(SetType type) {
      this.type = type;
    }
  }

  private static final String ABSENT = "";
  private static final String MEMBER = "member";

  private final Map<String, Members> sets = new HashMap<>();
  private final Map<String, List<Rule>> chains = new LinkedHashMap<>();

  private Map<String, Boolean> touchedSets = new LinkedHashMap<>();
  private Map<String, Boolean> touchedChains = new LinkedHashMap<>();
  private Map<Key, String> touchedElements = new LinkedHashMap<>();

  void addSet(String name, SetType type) {
    touchedSets.putIfAbsent(name, false);
    sets.put(name, new Members(type));
  }

  void removeSet(String name) {
    touchedSets.putIfAbsent(name, true);
    Members members = sets.get(name);
    if (members != null) {
      List.copyOf(members.values.keySet()).forEach(key -> remove(name, key));
      sets.remove(name);
    }
  }

  void addChain(String name, List<Rule> rules) {
    touchedChains.putIfAbsent(name, false);
    chains.put(name, rules);
  }

  void removeChain(String name) {
    touchedChains.putIfAbsent(name, true);
    chains.remove(name);
  }

  boolean has(String set, String key) {
    Members members = sets.get(set);
    return members != null && members.values.containsKey(key);
  }

  void add(String set, String key) {
    put(set, key, MEMBER);
  }

  void put(String set, String key, String value) {
    Members members = sets.get(set);
    if (members == null) {
      throw new IllegalStateException("no set " + set);
    }
    String before = members.values.put(key, value);
    if (!value.equals(before)) {
      touchedElements.putIfAbsent(new Key(set, key), before == null ? ABSENT : before);
    }
  }

  void remove(String set, String key) {
    Members members = sets.get(set);
    String before = members == null ? null : members.values.remove(key);
    if (before != null) {
      touchedElements.putIfAbsent(new Key(set, key), before);
    }
  }

  boolean touched() {
    return !touchedSets.isEmpty() || !touchedChains.isEmpty() || !touchedElements.isEmpty();
  }

  /** What changed since the last call. */
  Changes take() {
    Map<String, SetType> addedSets = new LinkedHashMap<>();
    Map<String, List<Rule>> addedChains = new LinkedHashMap<>();
    List<String> removedChains = new ArrayList<>();
    List<String> removedSets = new ArrayList<>();
    List<Changes.Element> removed = new ArrayList<>();
    List<Changes.Element> added = new ArrayList<>();
    touchedSets.forEach(
        (name, was) -> {
          Members now = sets.get(name);
          if (now != null && !was) {
            addedSets.put(name, now.type);
          } else if (now == null && was) {
            removedSets.add(name);
          }
        });
    touchedChains.forEach(
        (name, was) -> {
          List<Rule> now = chains.get(name);
          if (now != null && !was) {
            addedChains.put(name, now);
          } else if (now == null && was) {
            removedChains.add(name);
          }
        });
    touchedElements.forEach(
        (key, before) -> {
          Members set = sets.get(key.set());
          String now = set == null ? null : set.values.get(key.key());
          String after = now == null ? ABSENT : now;
          if (after.equals(before)) {
            return;
          }
          if (!before.isEmpty() && set != null) { // a set takes its members along
            removed.add(element(key, before));
          }
          if (!after.isEmpty()) {
            added.add(element(key, after));
          }
        });
    forget();
    return new Changes(addedSets, addedChains, removed, added, removedChains, removedSets);
  }

  /** The whole table as changes of an empty one. */
  Changes whole() {
    Map<String, SetType> addedSets = new LinkedHashMap<>();
    List<Changes.Element> added = new ArrayList<>();
    sets.forEach(
        (name, members) -> {
          addedSets.put(name, members.type);
          members.values.forEach((key, value) -> added.add(element(new Key(name, key), value)));
        });
    return new Changes(
        addedSets, new LinkedHashMap<>(chains), List.of(), added, List.of(), List.of());
  }

  /** Takes no notice of what was changed so far. */
  void forget() {
    touchedSets = new LinkedHashMap<>();
    touchedChains = new LinkedHashMap<>();
    touchedElements = new LinkedHashMap<>();
  }

  /** Members of a set, values of a map by key. */
  Map<String, String> members(String set) {
    @Nullable Members members = sets.get(set);
    return members == null ? Map.of() : members.values;
  }

  private static Changes.Element element(Key key, String value) {
    return new Changes.Element(key.set(), key.key(), value.equals(MEMBER) ? "" : value);
  }
}
