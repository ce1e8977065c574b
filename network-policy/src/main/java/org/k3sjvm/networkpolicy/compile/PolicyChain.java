package org.k3sjvm.networkpolicy.compile;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.Element.Value.Kind;
import org.k3sjvm.linux.filter.Element.Value.Verdict;
import org.k3sjvm.linux.filter.Rule;
import org.k3sjvm.linux.filter.Rule.Field;
import org.k3sjvm.linux.filter.Rule.Match;
import org.k3sjvm.networkpolicy.model.AddressRanges;
import org.k3sjvm.networkpolicy.model.Direction;
import org.k3sjvm.networkpolicy.model.Policy;
import org.k3sjvm.networkpolicy.model.Policy.BlockPeer;
import org.k3sjvm.networkpolicy.model.Policy.NumberedPorts;
import org.k3sjvm.networkpolicy.model.Policy.Peer;
import org.k3sjvm.networkpolicy.model.Policy.PodPeer;
import org.k3sjvm.networkpolicy.model.Policy.Port;
import org.k3sjvm.networkpolicy.model.Policy.PortByName;

/**
 * What one policy lets through in one direction, in one family.
 *
 * @param name of the chain, which depends on the rules: the chain of that name never changes
 * @param policy for the reader of the rules
 * @param uses the sets that the rules look into
 */
record PolicyChain(String name, String policy, List<Rule> rules, List<SetSpec> uses) {
  private static final int LONGEST_COMMENT = 120; // nft takes 128 bytes

  static PolicyChain of(Policy policy, Direction direction, Family family) {
    Set<Rule> rules = new LinkedHashSet<>();
    Set<SetSpec> uses = new LinkedHashSet<>();
    for (Policy.Rule rule : policy.rules(direction).orElseThrow()) {
      List<List<Match>> peers = peers(policy, rule, direction, family, uses);
      if (peers.isEmpty()) {
        continue; // what has no rule uses no set, either
      }
      List<List<Match>> ports = ports(rule.ports(), family, uses);
      for (List<Match> peer : peers) {
        for (List<Match> port : ports) {
          List<Match> both = new ArrayList<>(peer);
          both.addAll(port);
          rules.add(Rule.of(both, Element.accept()));
        }
      }
    }
    String content = policy.name() + "|" + direction + "|" + rules;
    return new PolicyChain(
        Names.of("pol", content), policy.name().toString(), List.copyOf(rules), List.copyOf(uses));
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
  Rule jump() {
    String shown =
        policy.length() <= LONGEST_COMMENT ? policy : policy.substring(0, LONGEST_COMMENT);
    return new Rule(List.of(), new Verdict(Kind.JUMP, name), shown);
  }

  /** One match for each way to be a peer; none when no peer can be of this family. */
  private static List<List<Match>> peers(
      Policy policy, Policy.Rule rule, Direction direction, Family family, Set<SetSpec> uses) {
    if (rule.peers().isEmpty()) {
      return List.of(List.of());
    }
    List<Field> side = List.of(direction == Direction.INGRESS ? family.source() : family.target());
    List<List<Match>> all = new ArrayList<>();
    AddressRanges blocks = AddressRanges.none(family.isIpv6());
    for (Peer peer : rule.peers()) {
      switch (peer) {
        case PodPeer(var namespaces, var pods) -> {
          SetSpec set = SetSpec.Pods.of(policy.name().namespace(), namespaces, pods);
          uses.add(set);
          all.add(List.of(new Rule.In(side, set.name())));
        }
        case BlockPeer(AddressRanges addresses) -> {
          if (addresses.ipv6() == family.isIpv6()) {
            blocks = blocks.and(addresses);
          }
        }
      }
    }
    if (!blocks.isEmpty()) {
      all.add(List.of(new Rule.OneOf(side, blocks.elements())));
    }
    return all;
  }

  private static List<List<Match>> ports(List<Port> ports, Family family, Set<SetSpec> uses) {
    if (ports.isEmpty()) {
      return List.of(List.of());
    }
    List<List<Match>> all = new ArrayList<>();
    List<NumberedPorts> numbered = new ArrayList<>();
    for (Port port : ports) {
      switch (port) {
        case NumberedPorts numbers -> numbered.add(numbers);
        case PortByName(var protocol, var name) -> {
          SetSpec set = SetSpec.Ports.of(protocol, name);
          uses.add(set);
          all.add(
              List.of(
                  new Rule.In(
                      List.of(family.target(), Field.PROTOCOL, Field.TARGET_PORT), set.name())));
        }
      }
    }
    if (!numbered.isEmpty()) {
      all.add(
          List.of(
              new Rule.OneOf(List.of(Field.PROTOCOL, Field.TARGET_PORT), PortRanges.of(numbered))));
    }
    return all;
  }
}
