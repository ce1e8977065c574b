package org.k3sjvm.networkpolicy.compile;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.k3sjvm.networkpolicy.model.AddressRanges;
import org.k3sjvm.networkpolicy.model.Direction;
import org.k3sjvm.networkpolicy.model.Policy;
import org.k3sjvm.networkpolicy.model.Policy.BlockPeer;
import org.k3sjvm.networkpolicy.model.Policy.NumberedPorts;
import org.k3sjvm.networkpolicy.model.Policy.Peer;
import org.k3sjvm.networkpolicy.model.Policy.PodPeer;
import org.k3sjvm.networkpolicy.model.Policy.Port;
import org.k3sjvm.networkpolicy.model.Policy.PortByName;
import org.k3sjvm.networkpolicy.model.Policy.Rule;

/**
 * What one policy lets through in one direction, in one family.
 *
 * @param name of the chain, which depends on the rules: the chain of that name never changes
 * @param policy for the reader of the rules
 * @param uses the sets that the rules look into
 */
record PolicyChain(String name, String policy, List<String> rules, List<SetSpec> uses) {
  private static final int LONGEST_COMMENT = 120; // nft takes 128 bytes

  static PolicyChain of(Policy policy, Direction direction, boolean ipv6) {
    List<String> rules = new ArrayList<>();
    Set<SetSpec> uses = new LinkedHashSet<>();
    for (Rule rule : policy.rules(direction).orElseThrow()) {
      List<String> peers = peers(policy, rule, direction, ipv6, uses);
      if (peers.isEmpty()) {
        continue; // what has no rule uses no set, either
      }
      List<String> ports = ports(rule.ports(), ipv6, uses);
      for (String peer : peers) {
        for (String port : ports) {
          rules.add(peer + port + "accept");
        }
      }
    }
    List<String> distinct = rules.stream().distinct().toList();
    String content = policy.name() + "|" + direction + "|" + distinct;
    return new PolicyChain(
        Names.of("pol", content), policy.name().toString(), distinct, List.copyOf(uses));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PolicyChain that && name.equals(that.name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  /** A jump to it that says which policy it is. */
  String jump() {
    String shown =
        policy.length() <= LONGEST_COMMENT ? policy : policy.substring(0, LONGEST_COMMENT);
    return "jump " + name + " comment \"" + shown + "\"";
  }

  /** One match for each way to be a peer; none when no peer can be of this family. */
  private static List<String> peers(
      Policy policy, Rule rule, Direction direction, boolean ipv6, Set<SetSpec> uses) {
    if (rule.peers().isEmpty()) {
      return List.of("");
    }
    String match = (ipv6 ? "ip6 " : "ip ") + (direction == Direction.INGRESS ? "saddr " : "daddr ");
    List<String> all = new ArrayList<>();
    AddressRanges blocks = AddressRanges.none(ipv6);
    for (Peer peer : rule.peers()) {
      switch (peer) {
        case PodPeer(var namespaces, var pods) -> {
          SetSpec set = SetSpec.Pods.of(policy.name().namespace(), namespaces, pods);
          uses.add(set);
          all.add(match + "@" + set.name() + " ");
        }
        case BlockPeer(AddressRanges addresses) -> {
          if (addresses.ipv6() == ipv6) {
            blocks = blocks.and(addresses);
          }
        }
      }
    }
    if (!blocks.isEmpty()) {
      all.add(match + "{ " + String.join(", ", blocks.elements()) + " } ");
    }
    return all;
  }

  private static List<String> ports(List<Port> ports, boolean ipv6, Set<SetSpec> uses) {
    if (ports.isEmpty()) {
      return List.of("");
    }
    List<String> all = new ArrayList<>();
    List<NumberedPorts> numbered = new ArrayList<>();
    for (Port port : ports) {
      switch (port) {
        case NumberedPorts numbers -> numbered.add(numbers);
        case PortByName(var protocol, var name) -> {
          SetSpec set = SetSpec.Ports.of(protocol, name);
          uses.add(set);
          all.add((ipv6 ? "ip6" : "ip") + " daddr . meta l4proto . th dport @" + set.name() + " ");
        }
      }
    }
    if (!numbered.isEmpty()) {
      all.add("meta l4proto . th dport { " + String.join(", ", PortRanges.of(numbered)) + " } ");
    }
    return all;
  }
}
