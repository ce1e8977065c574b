package org.k3sjvm.linux.host;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What the kernel is to be set to.
 *
 * @param ipv6 the cluster has IPv6 networks
 * @param bridgedTrafficIsFiltered bridged packets pass the packet filter: pods of one node reach
 *     each other through Services, and policies see it. False when neither the service proxy nor
 *     flannel runs
 * @param conntrack sizes and times of connection tracking
 * @param kernelDefaults whether {@link KernelDefaults} are set
 */
public record HostSettings(
    boolean ipv6, boolean bridgedTrafficIsFiltered, Conntrack conntrack, boolean kernelDefaults) {
  /**
   * An absent value is left as the kernel has it.
   *
   * @param maxEntries of the whole host
   * @param udpStreamSeconds of UDP conversations that were answered
   * @param tcpLiberal whether packets out of window are no reason to call them invalid; false
   *     leaves that as the kernel has it
   */
  public record Conntrack(
      OptionalLong maxEntries,
      OptionalLong tcpEstablishedSeconds,
      OptionalLong tcpCloseWaitSeconds,
      OptionalLong udpSeconds,
      OptionalLong udpStreamSeconds,
      boolean tcpLiberal) {
    public static final Conntrack UNTOUCHED =
        new Conntrack(
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            false);

    /** Source: kube-proxy v1.36 defaults: 32768 for each processor, at least 131072. */
    public static Conntrack defaults(int processors) {
      return new Conntrack(
          OptionalLong.of(Math.max(131_072, 32_768L * processors)),
          OptionalLong.of(86_400),
          OptionalLong.of(3_600),
          OptionalLong.empty(),
          OptionalLong.empty(),
          false);
    }
  }

  /** Source: k3s v1.36.3 pkg/agent/syssetup/setup.go. */
  List<String> modules() {
    List<String> names =
        new ArrayList<>(
            List.of(
                "overlay",
                "nf_conntrack",
                "br_netfilter",
                "iptable_nat",
                "iptable_filter",
                "nft-expr-counter",
                "nfnetlink-subsys-11",
                "nft-chain-2-nat"));
    if (ipv6) {
      names.addAll(List.of("ip6table_nat", "ip6table_filter"));
    }
    return names;
  }

  /** In the order to write them. Source: as {@link #modules}. */
  Map<String, String> sysctls() {
    Map<String, String> values =
        new LinkedHashMap<>(kernelDefaults ? KernelDefaults.wanted() : Map.of());
    values.put("net/ipv4/conf/all/forwarding", "1");
    values.put("net/ipv4/conf/default/forwarding", "1");
    if (ipv6) {
      values.put("net/ipv6/conf/all/forwarding", "1");
      values.put("net/ipv6/conf/default/forwarding", "1");
      values.put("net/core/devconf_inherit_init_net", "1");
    }
    if (bridgedTrafficIsFiltered) {
      values.put("net/bridge/bridge-nf-call-iptables", "1");
      if (ipv6) {
        values.put("net/bridge/bridge-nf-call-ip6tables", "1");
      }
    }
    conntrack.maxEntries().ifPresent(n -> values.put("net/netfilter/nf_conntrack_max", "" + n));
    conntrack
        .tcpEstablishedSeconds()
        .ifPresent(n -> values.put("net/netfilter/nf_conntrack_tcp_timeout_established", "" + n));
    conntrack
        .tcpCloseWaitSeconds()
        .ifPresent(n -> values.put("net/netfilter/nf_conntrack_tcp_timeout_close_wait", "" + n));
    conntrack
        .udpSeconds()
        .ifPresent(n -> values.put("net/netfilter/nf_conntrack_udp_timeout", "" + n));
    conntrack
        .udpStreamSeconds()
        .ifPresent(n -> values.put("net/netfilter/nf_conntrack_udp_timeout_stream", "" + n));
    if (conntrack.tcpLiberal()) {
      values.put("net/netfilter/nf_conntrack_tcp_be_liberal", "1");
    }
    return values;
  }
}
