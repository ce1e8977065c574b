package org.k3sjvm.networkpolicy.compile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.k3sjvm.linux.filter.Rule;
import org.k3sjvm.linux.filter.SetType;
import org.k3sjvm.networkpolicy.model.Direction;

/**
 * What differs between two states of a table. All of it goes in force at one moment.
 *
 * @param addedSets types by name
 * @param addedChains rules by name; those that are jumped to come first
 * @param removed elements, before others of the same key are added
 */
public record Changes(
    Map<String, SetType> addedSets,
    Map<String, List<Rule>> addedChains,
    List<Element> removed,
    List<Element> added,
    List<String> removedChains,
    List<String> removedSets) {

  /** The chain of packets that no policy accepts; it is there as long as the table. */
  public static final String DENY = "deny";

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

  /** The map from addresses that are restricted to the chains that judge their packets. */
  public static String mapOf(Direction direction) {
    return direction == Direction.INGRESS ? "ingress-isolated" : "egress-isolated";
  }

  public boolean isEmpty() {
    return addedSets.isEmpty()
        && addedChains.isEmpty()
        && removed.isEmpty()
        && added.isEmpty()
        && removedChains.isEmpty()
        && removedSets.isEmpty();
  }

  /**
   * What is added, as commands of nft, in an order in which nothing is used before it is there.
   *
   * @param table family and name
   */
  public String script(String table) {
    StringBuilder text = new StringBuilder();
    addedSets.forEach(
        (name, type) -> {
          String what = type.verdicts() ? "map" : "set";
          line(text, "add " + what + " " + table + " " + name + " { " + type + "; }");
        });
    addedChains.keySet().forEach(name -> line(text, "add chain " + table + " " + name));
    addedChains.forEach(
        (name, rules) ->
            rules.forEach(rule -> line(text, "add rule " + table + " " + name + " " + rule)));
    elements(text, table, added);
    return text.toString();
  }

  private static void elements(StringBuilder text, String table, List<Element> elements) {
    Map<String, List<String>> bySet = new LinkedHashMap<>();
    elements.forEach(e -> bySet.computeIfAbsent(e.set(), _ -> new ArrayList<>()).add(e.text()));
    bySet.forEach(
        (set, all) -> {
          for (int from = 0; from < all.size(); from += ELEMENTS_AT_ONCE) {
            List<String> some = all.subList(from, Math.min(all.size(), from + ELEMENTS_AT_ONCE));
            String members = String.join(", ", some);
            line(text, "add element " + table + " " + set + " { " + members + " }");
          }
        });
  }

  private static void line(StringBuilder text, String command) {
    text.append(command).append('\n');
  }
}
