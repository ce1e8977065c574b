package org.k3sjvm.networkpolicy.compile;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.filter.Rule;

/**
 * A table that is changed by commands and judges packets by its rules: what nft and the kernel do,
 * as far as our rules go. It refuses what the kernel would refuse.
 */
final class Packets {
  /** A first packet. Ports are 0 for protocols without. */
  record Packet(String source, String target, String protocol, int port) {}

  private final Map<String, Map<String, String>> sets = new HashMap<>();
  private final Map<String, List<String>> chains =
      new HashMap<>(Map.of(Changes.DENY, List.of("counter reject")));

  /** Carries out changes as one transaction would, element by element. */
  void apply(Changes changes) {
    changes.addedSets().keySet().forEach(s -> require(sets.put(s, new HashMap<>()) == null, s));
    changes
        .addedChains()
        .forEach(
            (c, rules) -> {
              List<String> texts = rules.stream().map(Rule::toString).toList();
              require(chains.put(c, texts) == null, c);
            });
    for (Changes.Element element : changes.removed()) {
      require(set(element.set()).remove(element.key(), element.value()), element.toString());
    }
    for (Changes.Element element : changes.added()) {
      require(set(element.set()).put(element.key(), element.value()) == null, element.toString());
    }
    changes.removedChains().forEach(c -> require(chains.remove(c) != null, c));
    changes.removedSets().forEach(s -> require(sets.remove(s) != null, s));
    chains.forEach((name, rules) -> rules.forEach(rule -> checkReferences(name, rule)));
    for (String map : List.of(FamilyTable.INGRESS, FamilyTable.EGRESS)) {
      set(map)
          .forEach(
              (address, verdict) ->
                  require(chains.containsKey(verdict.substring("goto ".length())), verdict));
    }
  }

  private void checkReferences(String chain, String rule) {
    for (String word : rule.split(" ", -1)) {
      if (word.startsWith("@")) {
        require(sets.containsKey(word.substring(1)), chain + ": " + rule);
      }
    }
    if (rule.startsWith("jump ") || rule.startsWith("goto ")) {
      require(chains.containsKey(rule.split(" ", -1)[1]), chain + ": " + rule);
    }
  }

  /** All that is in it, for comparison. */
  Map<String, Object> content() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.putAll(sets);
    all.putAll(chains);
    return all;
  }

  /** Whether a connection may begin between two pods or addresses. */
  boolean lets(Packet packet) {
    return set(FamilyTable.SELF).containsKey(packet.source() + " . " + packet.target())
        || (stage(FamilyTable.EGRESS, packet.source(), packet)
            && stage(FamilyTable.INGRESS, packet.target(), packet));
  }

  private boolean stage(String map, String address, Packet packet) {
    String verdict = set(map).get(address);
    return verdict == null || chain(verdict.substring("goto ".length()), packet);
  }

  /** Whether a chain accepts; falling off its end is no acceptance. */
  private boolean chain(String name, Packet packet) {
    for (String rule : chains.getOrDefault(name, List.of())) {
      if (rule.startsWith("jump ")) {
        if (chain(rule.split(" ", -1)[1], packet)) {
          return true;
        }
      } else if (rule.endsWith("accept")
          && matches(rule.substring(0, rule.length() - "accept".length()).strip(), packet)) {
        return true;
      }
    }
    return false;
  }

  private boolean matches(String rule, Packet packet) {
    String left = rule.replace("ip6 ", "ip ");
    while (!left.isEmpty()) {
      String key;
      if (left.startsWith("ip saddr ")) {
        key = packet.source();
        left = left.substring("ip saddr ".length());
      } else if (left.startsWith("ip daddr . meta l4proto . th dport ")) {
        key = packet.target() + " . " + packet.protocol() + " . " + packet.port();
        left = left.substring("ip daddr . meta l4proto . th dport ".length());
      } else if (left.startsWith("ip daddr ")) {
        key = packet.target();
        left = left.substring("ip daddr ".length());
      } else if (left.startsWith("meta l4proto . th dport ")) {
        key = packet.protocol() + " . " + packet.port();
        left = left.substring("meta l4proto . th dport ".length());
      } else {
        throw new AssertionError("not understood: " + rule);
      }
      int end = left.startsWith("@") ? (left + " ").indexOf(' ') : left.indexOf('}') + 1;
      String right = left.substring(0, end);
      left = left.substring(Math.min(end, left.length())).strip();
      boolean found =
          right.startsWith("@")
              ? set(right.substring(1)).containsKey(key)
              : anonymous(right).stream().anyMatch(element -> inside(key, element));
      if (!found) {
        return false;
      }
    }
    return true;
  }

  private static List<String> anonymous(String text) {
    return new ArrayList<>(
        Arrays.asList(text.substring(1, text.length() - 1).strip().split(", ", -1)));
  }

  private static boolean inside(String key, String element) {
    int dot = element.indexOf(" . ");
    if (dot >= 0) {
      String protocol = element.substring(0, dot);
      String[] range = element.substring(dot + 3).split("-", -1);
      int port = Integer.parseInt(key.substring(key.indexOf(" . ") + 3));
      return key.startsWith(protocol + " . ")
          && port >= Integer.parseInt(range[0])
          && port <= Integer.parseInt(range[range.length - 1]);
    }
    String[] range = element.split("-", -1);
    InetAddress address = IpAddresses.parse(key);
    return Arrays.compareUnsigned(address.getAddress(), IpAddresses.parse(range[0]).getAddress())
            >= 0
        && Arrays.compareUnsigned(
                address.getAddress(), IpAddresses.parse(range[range.length - 1]).getAddress())
            <= 0;
  }

  private Map<String, String> set(String name) {
    Map<String, String> set = sets.get(name);
    if (set == null) {
      throw new AssertionError("no set " + name);
    }
    return set;
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError("the kernel would refuse this: " + what);
    }
  }
}
