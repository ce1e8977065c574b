package org.k3sjvm.serviceproxy.rules;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.filter.TableState;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.model.Protocol;
import org.k3sjvm.serviceproxy.program.Chains;
import org.k3sjvm.serviceproxy.program.ServiceSet;

/**
 * All of a table but its elements: it is made once and fits any services. Packets take one look-up
 * to the chain for their service's number of endpoints, and there another one, with a random slot,
 * to the endpoint.
 */
public final class Skeleton {
  private static final int BEFORE_TRANSLATION = -110;

  /** Before other users of nat, whatever the order in which they start. */
  private static final int TRANSLATION = -101;

  private static final int FILTER = 0;

  /** Before hostPorts and flannel, whose masquerade is at 100 and 101. */
  private static final int MASQUERADE = 99;

  private final Family family;
  private final RuleSettings settings;
  private final Map<String, List<String>> chains = new LinkedHashMap<>();
  private final String ip;

  private Skeleton(Family family, RuleSettings settings) {
    this.family = family;
    this.settings = settings;
    this.ip = family.nft();
    helpers();
    picking();
    policies();
    filters();
    bases();
    chains.put("layout-" + hash(), List.of());
  }

  public static Skeleton of(Family family, RuleSettings settings) {
    return new Skeleton(family, settings);
  }

  /** The table for {@code nft -f}, when there is none. */
  public String script() {
    StringBuilder text = new StringBuilder(1 << 17);
    text.append("table ").append(family.table()).append(" {\n");
    for (ServiceSet set : ServiceSet.values()) {
      text.append("  ").append(SetText.declaration(set, family)).append('\n');
    }
    chains.forEach(
        (name, rules) -> {
          text.append("  chain ").append(name).append(" {\n");
          rules.forEach(rule -> text.append("    ").append(rule).append('\n'));
          text.append("  }\n");
        });
    return text.append("}\n").toString();
  }

  /**
   * Whether a table that is there has these chains, as many rules in each, and the same layout.
   * Sets are named.
   */
  public boolean fits(TableState state, Set<String> sets) {
    return Arrays.stream(ServiceSet.values()).map(ServiceSet::setName).allMatch(sets::contains)
        && chains.entrySet().stream()
            .allMatch(
                chain ->
                    state.rules().getOrDefault(chain.getKey(), -1)
                        == chain.getValue().stream().filter(rule -> !isHook(rule)).count());
  }

  private static boolean isHook(String line) {
    return line.startsWith("type ");
  }

  private void helpers() {
    String mask = "0x%x".formatted(1L << settings.masqueradeBit());
    chains.put(Chains.REJECT, List.of("reject"));
    chains.put(Chains.MARK, List.of("meta mark set meta mark | " + mask));
    chains.put(
        "masquerading",
        List.of(
            "ct status dnat " + ip + " saddr . " + ip + " daddr @hairpin masquerade fully-random",
            "meta mark & " + mask + " == 0 return",
            "meta mark set meta mark ^ " + mask,
            "masquerade fully-random"));
  }

  private void picking() {
    List<String> local = local();
    Chains.sizes()
        .forEach(
            n -> {
              chains.put(Chains.PICK + n, pick(service(), n, 0, ServiceSet.ENDPOINTS));
              List<String> internal = new ArrayList<>();
              if (settings.masqueradeAll()) {
                internal.add("jump " + Chains.MARK);
              } else if (!local.isEmpty()) {
                internal.add(ip + " saddr != " + any(local) + " jump " + Chains.MARK);
              }
              internal.add("goto " + Chains.PICK + n);
              chains.put(Chains.INTERNAL + n, internal);
              chains.put(Chains.EXTERNAL + n, markThen(Chains.PICK + n));
              chains.put(
                  Chains.LOCAL + n, pick(service(), n, Chains.LOCAL_OFFSET, ServiceSet.ENDPOINTS));
              chains.put(
                  Chains.NODEPORT_PICK + n, pick(port(), n, 0, ServiceSet.NODEPORT_ENDPOINTS));
              chains.put(Chains.NODEPORT_EXTERNAL + n, markThen(Chains.NODEPORT_PICK + n));
              chains.put(
                  Chains.NODEPORT_LOCAL + n,
                  pick(port(), n, Chains.LOCAL_OFFSET, ServiceSet.NODEPORT_ENDPOINTS));
            });
  }

  /** One rule for each protocol, because nft wants to know it where a port is translated. */
  private List<String> pick(String key, int size, int offset, ServiceSet set) {
    List<String> rules = new ArrayList<>();
    for (Protocol protocol : Protocol.values()) {
      rules.add(
          "meta l4proto %s dnat %s to %s . numgen random mod %d%s map @%s"
              .formatted(
                  protocol.nft(),
                  ip,
                  key,
                  size,
                  offset == 0 ? "" : " offset " + offset,
                  set.setName()));
    }
    return rules;
  }

  private static List<String> markThen(String chain) {
    return List.of("jump " + Chains.MARK, "goto " + chain);
  }

  private void policies() {
    chains.put(
        Chains.EXTERNAL_POLICY_LOCAL,
        policyLocal(service(), ServiceSet.SERVICE_CLUSTER, ServiceSet.SERVICE_LOCAL));
    chains.put(
        Chains.NODEPORT_POLICY_LOCAL,
        policyLocal(port(), ServiceSet.NODEPORT_CLUSTER, ServiceSet.NODEPORT_LOCAL));
  }

  /** Pods and this node itself reach every endpoint, others those of this node. */
  private List<String> policyLocal(String key, ServiceSet cluster, ServiceSet local) {
    List<String> rules = new ArrayList<>();
    if (!local().isEmpty()) {
      rules.add(ip + " saddr " + any(local()) + " " + key + " vmap @" + cluster.setName());
    }
    rules.add("fib saddr type local jump " + Chains.MARK);
    rules.add("fib saddr type local " + key + " vmap @" + cluster.setName());
    rules.add(key + " vmap @" + local.setName());
    return rules;
  }

  private void filters() {
    chains.put(
        "services",
        List.of(
            service() + " vmap @" + ServiceSet.SERVICE_IPS.setName(),
            nodePortAddress() + port() + " vmap @" + ServiceSet.SERVICE_NODEPORTS.setName()));
    chains.put(
        "firewall-check",
        List.of(
            "%s @%s %s . %s saddr != @%s drop"
                .formatted(
                    service(),
                    ServiceSet.FIREWALL_IPS.setName(),
                    service(),
                    ip,
                    ServiceSet.FIREWALL_SOURCES.setName())));
    chains.put(
        "service-endpoints-check",
        List.of(service() + " vmap @" + ServiceSet.NO_ENDPOINT_SERVICES.setName()));
    chains.put(
        "nodeport-endpoints-check",
        List.of(
            nodePortAddress() + port() + " vmap @" + ServiceSet.NO_ENDPOINT_NODEPORTS.setName()));
    List<String> unused = new ArrayList<>();
    unused.add(ip + " daddr @" + ServiceSet.CLUSTER_IPS.setName() + " reject");
    List<String> networks = ours(settings.serviceNetworks());
    if (!networks.isEmpty()) {
      unused.add(ip + " daddr " + any(networks) + " drop");
    }
    chains.put("cluster-ips-check", unused);
  }

  private void bases() {
    base(
        "filter-prerouting-pre-dnat",
        "filter",
        "prerouting",
        BEFORE_TRANSLATION,
        List.of("ct state new jump firewall-check"));
    base(
        "filter-output-pre-dnat",
        "filter",
        "output",
        BEFORE_TRANSLATION,
        List.of("ct state new jump firewall-check"));
    base("nat-prerouting", "nat", "prerouting", TRANSLATION, List.of("jump services"));
    base("nat-output", "nat", "output", TRANSLATION, List.of("jump services"));
    List<String> input = new ArrayList<>();
    if (loopback()) {
      // With route_localnet, neighbours could reach what listens on loopback alone.
      input.add(
          "ip daddr 127.0.0.0/8 ip saddr != 127.0.0.0/8 ct state new ct status & dnat == 0 drop");
    }
    input.add("ct state new jump nodeport-endpoints-check");
    input.add("ct state new jump service-endpoints-check");
    base("filter-input", "filter", "input", FILTER, input);
    List<String> through =
        List.of("ct state new jump service-endpoints-check", "ct state new jump cluster-ips-check");
    base("filter-forward", "filter", "forward", FILTER, through);
    base("filter-output", "filter", "output", FILTER, through);
    base("nat-postrouting", "nat", "postrouting", MASQUERADE, List.of("jump masquerading"));
  }

  private void base(String name, String type, String hook, int priority, List<String> rules) {
    List<String> lines = new ArrayList<>();
    lines.add("type %s hook %s priority %d; policy accept;".formatted(type, hook, priority));
    lines.addAll(rules);
    chains.put(name, lines);
  }

  /** Which addresses of this node have node ports. */
  private String nodePortAddress() {
    List<String> networks = ours(settings.nodePortNetworks());
    String loopback = family == Family.IPV4 ? "127.0.0.0/8" : "::1";
    String local = "fib daddr type local ";
    if (!settings.nodePortNetworks().isEmpty()) {
      return local + ip + " daddr " + (networks.isEmpty() ? loopback : any(networks)) + " ";
    }
    return loopback() ? local : local + ip + " daddr != " + loopback + " ";
  }

  private boolean loopback() {
    return settings.loopbackNodePorts() && family == Family.IPV4;
  }

  private List<String> local() {
    return ours(settings.podNetworks());
  }

  private List<String> ours(List<Cidr> networks) {
    return networks.stream()
        .filter(network -> Family.of(network) == family)
        .map(network -> IpAddresses.text(network.address()) + "/" + network.prefixLength())
        .distinct()
        .toList();
  }

  private static String any(List<String> networks) {
    return networks.size() == 1
        ? networks.getFirst()
        : networks.stream().collect(Collectors.joining(", ", "{ ", " }"));
  }

  private String service() {
    return ip + " daddr . " + port();
  }

  private static String port() {
    return "meta l4proto . th dport";
  }

  private String hash() {
    CRC32 crc = new CRC32();
    crc.update(script().getBytes(StandardCharsets.UTF_8));
    return "%08x".formatted(crc.getValue());
  }
}
