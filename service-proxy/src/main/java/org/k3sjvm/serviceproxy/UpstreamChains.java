package org.k3sjvm.serviceproxy;

import java.util.List;
import java.util.Set;

/**
 * The chains of iptables that kube-proxy makes, in its modes iptables and ipvs. Others begin with
 * {@code KUBE-} too, and are not ours to remove: the kubelet's and those of network policies.
 * Source: kube-proxy v1.21 to v1.36 pkg/proxy/iptables/proxier.go and pkg/proxy/ipvs/proxier.go.
 */
final class UpstreamChains {
  private static final Set<String> NAMES =
      Set.of(
          "KUBE-SERVICES",
          "KUBE-EXTERNAL-SERVICES",
          "KUBE-NODEPORTS",
          "KUBE-NODE-PORT",
          "KUBE-POSTROUTING",
          "KUBE-MARK-MASQ",
          "KUBE-MARK-DROP",
          "KUBE-FORWARD",
          "KUBE-PROXY-FIREWALL",
          "KUBE-PROXY-CANARY",
          "KUBE-LOAD-BALANCER",
          "KUBE-SOURCE-RANGES-FIREWALL",
          "KUBE-IPVS-FILTER",
          "KUBE-IPVS-OUT-FILTER");

  private static final List<String> PREFIXES =
      List.of("KUBE-SVC-", "KUBE-SVL-", "KUBE-EXT-", "KUBE-FW-", "KUBE-XLB-", "KUBE-SEP-");

  private UpstreamChains() {}

  static boolean has(String chain) {
    return NAMES.contains(chain) || PREFIXES.stream().anyMatch(chain::startsWith);
  }
}
