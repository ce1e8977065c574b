package org.k3sjvm.serviceproxy.rules;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.program.Chains;
import org.k3sjvm.serviceproxy.program.PortProgram;
import org.k3sjvm.serviceproxy.program.PortProgram.Affinity;
import org.k3sjvm.serviceproxy.program.Slots;

/**
 * The chains of services with session affinity, as kube-proxy has them for every service: a set of
 * recent clients and a chain for each endpoint. They are few, and written anew when one changes.
 */
public final class AffinityRules {
  private final Family family;
  private final RuleSettings settings;
  private final Map<String, String> sets = new LinkedHashMap<>();
  private final Map<String, List<String>> chains = new LinkedHashMap<>();

  private AffinityRules(Family family, RuleSettings settings) {
    this.family = family;
    this.settings = settings;
  }

  /** Those of all these programs; programs without affinity have none. */
  public static AffinityRules of(Family family, RuleSettings settings, List<PortProgram> programs) {
    AffinityRules rules = new AffinityRules(family, settings);
    for (PortProgram program : programs) {
      program.affinity().ifPresent(affinity -> rules.add(program, affinity));
    }
    return rules;
  }

  public Set<String> chains() {
    return chains.keySet();
  }

  public Set<String> sets() {
    return sets.keySet();
  }

  public boolean isEmpty() {
    return chains.isEmpty();
  }

  /** Makes what is missing and rewrites the chains; clients stay remembered. */
  public String script() {
    StringBuilder text = new StringBuilder();
    String table = family.table().toString();
    sets.forEach(
        (name, type) -> text.append("add set %s %s { %s }\n".formatted(table, name, type)));
    chains.keySet().forEach(name -> text.append("add chain %s %s\n".formatted(table, name)));
    chains.keySet().forEach(name -> text.append("flush chain %s %s\n".formatted(table, name)));
    chains.forEach(
        (name, rules) ->
            rules.forEach(rule -> text.append("add rule %s %s %s\n".formatted(table, name, rule))));
    return text.toString();
  }

  /** Takes away chains and sets that nobody wants any more. */
  public static String removal(Family family, Set<String> chains, Set<String> sets) {
    StringBuilder text = new StringBuilder();
    chains.forEach(c -> text.append("flush chain %s %s\n".formatted(family.table(), c)));
    chains.forEach(c -> text.append("delete chain %s %s\n".formatted(family.table(), c)));
    sets.forEach(s -> text.append("delete set %s %s\n".formatted(family.table(), s)));
    return text.toString();
  }

  private void add(PortProgram program, Affinity affinity) {
    Set<Packed> endpoints = new LinkedHashSet<>(program.external().endpoints());
    endpoints.addAll(program.internal().endpoints());
    endpoints.addAll(program.local().endpoints());
    for (Packed endpoint : endpoints) {
      sets.put(recent(affinity, endpoint), type(affinity));
      chains.put(
          chain(affinity, endpoint),
          List.of(
              "update @%s { %s saddr }".formatted(recent(affinity, endpoint), family.nft()),
              "meta l4proto %s dnat %s to %s"
                  .formatted(program.protocol().nft(), family.nft(), target(endpoint))));
    }
    String id = affinity.id();
    picker("affinity-cluster-" + id, affinity, program.external());
    picker("affinity-pick-" + id, affinity, program.internal());
    picker("affinity-local-" + id, affinity, program.local());
    List<String> internal = new ArrayList<>();
    List<String> local =
        settings.podNetworks().stream()
            .filter(network -> Family.of(network) == family)
            .map(network -> IpAddresses.text(network.address()) + "/" + network.prefixLength())
            .toList();
    if (settings.masqueradeAll()) {
      internal.add("jump " + Chains.MARK);
    } else if (!local.isEmpty()) {
      internal.add(
          "%s saddr != { %s } jump %s"
              .formatted(family.nft(), String.join(", ", local), Chains.MARK));
    }
    internal.add("goto affinity-pick-" + id);
    chains.put("affinity-internal-" + id, internal);
    chains.put(
        "affinity-external-" + id, List.of("jump " + Chains.MARK, "goto affinity-cluster-" + id));
  }

  private void picker(String name, Affinity affinity, Slots slots) {
    List<String> rules = new ArrayList<>();
    List<String> choices = new ArrayList<>();
    for (int i = 0; i < slots.count(); i++) {
      Packed endpoint = slots.slot(i);
      rules.add(
          "%s saddr @%s goto %s"
              .formatted(family.nft(), recent(affinity, endpoint), chain(affinity, endpoint)));
      choices.add(i + " : goto " + chain(affinity, endpoint));
    }
    if (!choices.isEmpty()) {
      rules.add(
          "numgen random mod %d vmap { %s }".formatted(choices.size(), String.join(", ", choices)));
    }
    chains.put(name, rules);
  }

  private String type(Affinity affinity) {
    return "type %s; flags dynamic,timeout; timeout %ds;"
        .formatted(family == Family.IPV4 ? "ipv4_addr" : "ipv6_addr", affinity.seconds());
  }

  private static String chain(Affinity affinity, Packed endpoint) {
    return "affinity-endpoint-" + affinity.id() + "-" + endpoint;
  }

  /** The time is in the name, because a set's cannot be changed. */
  private static String recent(Affinity affinity, Packed endpoint) {
    return "affinity-recent-" + affinity.id() + "-" + affinity.seconds() + "-" + endpoint;
  }

  private String target(Packed endpoint) {
    byte[] bytes = endpoint.bytes();
    int length = family.addressBytes();
    String address = IpAddresses.text(Packed.ofBytes(Arrays.copyOf(bytes, length)).toAddress());
    int port = Byte.toUnsignedInt(bytes[length]) << 8 | Byte.toUnsignedInt(bytes[length + 1]);
    return (family == Family.IPV6 ? "[" + address + "]" : address) + ":" + port;
  }
}
