package org.k3sjvm.networkpolicy.compile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What differs between two states of a table. All of it goes in force at one moment.
 *
 * @param addedSets declarations by name
 * @param addedChains rules by name; those that are jumped to come first
 * @param removed elements, before others of the same key are added
 */
public record Changes(
    Map<String, String> addedSets,
    Map<String, List<String>> addedChains,
    List<Element> removed,
    List<Element> added,
    List<String> removedChains,
    List<String> removedSets) {

  /** How many elements one command carries: an attribute of netlink has at most 64 KiB. */
  private static final int ELEMENTS_AT_ONCE = 500;

  /**
   * A member of a set, or an entry of a map.
   *
   * @param value what a map says of the key; empty in a set
   */
  public record Element(String set, String key, String value) {
    String text() {
      return value.isEmpty() ? key : key + " : " + value;
    }
  }

  public boolean isEmpty() {
    return addedSets.isEmpty()
        && addedChains.isEmpty()
        && removed.isEmpty()
        && added.isEmpty()
        && removedChains.isEmpty()
        && removedSets.isEmpty();
  }

  /** Whether elements are all that changes. */
  public boolean elementsOnly() {
    return addedSets.isEmpty()
        && addedChains.isEmpty()
        && removedChains.isEmpty()
        && removedSets.isEmpty();
  }

  /** What must be there before elements can refer to it: new sets and chains. */
  public Changes additions() {
    return new Changes(addedSets, addedChains, List.of(), List.of(), List.of(), List.of());
  }

  /** What nothing refers to any more: old chains and sets. */
  public Changes leftovers() {
    return new Changes(Map.of(), Map.of(), List.of(), List.of(), removedChains, removedSets);
  }

  /**
   * As commands of nft, in an order in which nothing is used before it is there.
   *
   * @param table family and name
   */
  public String script(String table) {
    StringBuilder text = new StringBuilder();
    addedSets.forEach(
        (name, declared) -> {
          String what = declared.contains(" : ") ? "map" : "set";
          line(text, "add " + what + " " + table + " " + name + " { " + declared + "; }");
        });
    addedChains.keySet().forEach(name -> line(text, "add chain " + table + " " + name));
    addedChains.forEach(
        (name, rules) ->
            rules.forEach(rule -> line(text, "add rule " + table + " " + name + " " + rule)));
    elements(text, "delete", table, removed);
    elements(text, "add", table, added);
    removedChains.forEach(name -> line(text, "flush chain " + table + " " + name));
    removedChains.forEach(name -> line(text, "delete chain " + table + " " + name));
    removedSets.forEach(name -> line(text, "delete set " + table + " " + name));
    return text.toString();
  }

  private static void elements(
      StringBuilder text, String verb, String table, List<Element> elements) {
    Map<String, List<String>> bySet = new LinkedHashMap<>();
    elements.forEach(e -> bySet.computeIfAbsent(e.set(), _ -> new ArrayList<>()).add(e.text()));
    bySet.forEach(
        (set, all) -> {
          for (int from = 0; from < all.size(); from += ELEMENTS_AT_ONCE) {
            List<String> some = all.subList(from, Math.min(all.size(), from + ELEMENTS_AT_ONCE));
            String members = String.join(", ", some);
            line(text, verb + " element " + table + " " + set + " { " + members + " }");
          }
        });
  }

  private static void line(StringBuilder text, String command) {
    text.append(command).append('\n');
  }
}
