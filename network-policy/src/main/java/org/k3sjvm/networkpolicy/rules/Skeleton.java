package org.k3sjvm.networkpolicy.rules;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.networkpolicy.compile.Changes;
import org.k3sjvm.networkpolicy.compile.Family;

/**
 * The chains where packets come in.
 *
 * <p>There are two stages, because a packet between two pods of this node needs the leave of both,
 * and accepting it ends one stage only. Packets of the node itself to its pods pass through
 * neither: they leave through the output hook. All of it is after services' addresses were
 * translated, and before sources are.
 */
final class Skeleton {
  /** Neighbours must find each other, whatever policies say. */
  private static final String NEIGHBOURS =
      "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit,"
          + " nd-router-advert, mld-listener-query, mld-listener-report, mld-listener-done,"
          + " mld2-listener-report } accept";

  /** As upstream: the client knows at once. */
  private static final String DENIAL = "counter reject";

  private record Hooked(String hook, List<String> rules) {}

  private Skeleton() {}

  /**
   * Commands that add it to a table with its maps.
   *
   * @param serviceCidrs what pods may ask of their node besides node ports. Source: kube-router
   *     v2.6 ensureTopLevelChains
   */
  static String script(Family family, List<Cidr> serviceCidrs, String nodePorts) {
    String table = family.nft() + " " + KernelTables.NAME;
    StringBuilder text = new StringBuilder();
    chains(family, serviceCidrs, nodePorts)
        .forEach(
            (name, chain) -> {
              text.append("add chain ").append(table).append(' ').append(name);
              text.append(" { ").append(chain.hook()).append("; policy accept; }\n");
              chain
                  .rules()
                  .forEach(
                      rule ->
                          text.append("add rule ")
                              .append(table)
                              .append(' ')
                              .append(name)
                              .append(' ')
                              .append(rule)
                              .append('\n'));
            });
    return text.toString();
  }

  /**
   * Commands that add the chain where packets end that no policy accepts: all others lead to it.
   */
  static String end(Family family) {
    String chain = family.nft() + " " + KernelTables.NAME + " " + Changes.DENY;
    return "add chain " + chain + "\nadd rule " + chain + " " + DENIAL + "\n";
  }

  /** How many rules each of its chains has. */
  static Map<String, Integer> sizes(Family family, List<Cidr> serviceCidrs, String nodePorts) {
    Map<String, Integer> sizes = new HashMap<>();
    chains(family, serviceCidrs, nodePorts)
        .forEach((name, chain) -> sizes.put(name, chain.rules().size()));
    sizes.put(Changes.DENY, 1);
    return sizes;
  }

  private static Map<String, Hooked> chains(
      Family family, List<Cidr> serviceCidrs, String nodePorts) {
    String ip = family.nft();
    List<String> start = new ArrayList<>();
    start.add("ct state established,related accept");
    if (family.isIpv6()) {
      start.add(NEIGHBOURS);
    }
    String self = ip + " saddr . " + ip + " daddr @self accept";
    String egress = ip + " saddr vmap @egress-isolated";
    String ingress = ip + " daddr vmap @ingress-isolated";
    List<String> toNode = new ArrayList<>(start);
    String services =
        serviceCidrs.stream()
            .filter(c -> c.isIpv6() == family.isIpv6())
            .map(Cidr::toString)
            .collect(Collectors.joining(", "));
    if (!services.isEmpty()) {
      toNode.add(ip + " daddr { " + services + " } accept");
    }
    toNode.add(
        "fib daddr type local meta l4proto { tcp, udp, sctp } th dport " + nodePorts + " accept");
    toNode.add(egress);
    Map<String, Hooked> chains = new LinkedHashMap<>();
    chains.put(
        "fwd-egress", new Hooked("type filter hook forward priority 0", with(start, self, egress)));
    chains.put(
        "fwd-ingress",
        new Hooked("type filter hook forward priority 1", with(start, self, ingress)));
    chains.put("in-egress", new Hooked("type filter hook input priority 0", toNode));
    return chains;
  }

  private static List<String> with(List<String> start, String... more) {
    List<String> all = new ArrayList<>(start);
    all.addAll(List.of(more));
    return all;
  }
}
