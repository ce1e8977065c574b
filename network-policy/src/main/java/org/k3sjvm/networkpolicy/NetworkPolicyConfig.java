package org.k3sjvm.networkpolicy;

import java.nio.file.Path;
import java.util.List;
import org.k3sjvm.base.net.Cidr;

/**
 * What the enforcement needs to know.
 *
 * @param nodeName whose pods are restricted
 * @param clusterCidrs pod networks: their families are the ones that count
 * @param serviceCidrs what restricted pods may always ask of their node, as upstream lets them
 * @param nodePorts likewise, as {@code 30000-32767}
 * @param memory the file of what is to hold after a start without an API server
 * @param coldStart whether this is such a start: pods wait where the file does not say what held
 */
public record NetworkPolicyConfig(
    String nodeName,
    List<Cidr> clusterCidrs,
    List<Cidr> serviceCidrs,
    String nodePorts,
    Path memory,
    boolean coldStart) {
  public NetworkPolicyConfig {
    clusterCidrs = List.copyOf(clusterCidrs);
    serviceCidrs = List.copyOf(serviceCidrs);
    if (!nodePorts.matches("[0-9]+-[0-9]+")) {
      throw new IllegalArgumentException("not a range of ports: " + nodePorts);
    }
  }

  boolean ipv4() {
    return clusterCidrs.stream().anyMatch(c -> !c.isIpv6());
  }

  boolean ipv6() {
    return clusterCidrs.stream().anyMatch(Cidr::isIpv6);
  }
}
