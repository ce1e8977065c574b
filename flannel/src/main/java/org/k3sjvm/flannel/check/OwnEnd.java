package org.k3sjvm.flannel.check;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.MacAddress;

/**
 * One family of this node.
 *
 * @param node its name, empty when the API did not tell
 * @param device the VXLAN interface; empty when there is none
 * @param uplink the interface below it; empty when that is gone
 * @param uplinkAddresses of this family
 * @param announced what peers are told; empty when the API did not tell
 * @param nodeAddresses of the Node object
 * @param strictReversePath the kernel drops what comes in over another way than answers would take
 * @param firewall what this host's packet filter is managed with
 * @param backend how packets get to peers
 * @param forwards whether the kernel passes on packets of others
 */
public record OwnEnd(
    String node,
    Family family,
    Optional<Link> device,
    Optional<Link> uplink,
    List<InetAddress> uplinkAddresses,
    Optional<Announced> announced,
    List<InetAddress> nodeAddresses,
    boolean strictReversePath,
    Firewall firewall,
    BackendType backend,
    boolean forwards) {
  public OwnEnd {
    uplinkAddresses = List.copyOf(uplinkAddresses);
    nodeAddresses = List.copyOf(nodeAddresses);
  }

  /**
   * What the own Node says.
   *
   * @param overwritten by an annotation of the administrator or {@code --flannel-external-ip}
   */
  public record Announced(
      Optional<MacAddress> mac, Optional<InetAddress> publicIp, boolean overwritten) {}

  /** Tools that own a host's packet filter: a rule added behind their back does not last. */
  public enum Firewall {
    FIREWALLD("firewall-cmd --permanent --add-port=8472/udp; firewall-cmd --reload"),
    UFW("ufw allow 8472/udp"),
    NONE("%s -I INPUT -p udp --dport 8472 -j ACCEPT");

    private final String allowVxlan;

    Firewall(String allowVxlan) {
      this.allowVxlan = allowVxlan;
    }

    String allowVxlan(Family family) {
      return allowVxlan.formatted(family.isIpv6() ? "ip6tables" : "iptables");
    }
  }

  String name() {
    return node.isEmpty() ? "this node" : node;
  }

  /** The source of packets between hosts. */
  Optional<InetAddress> local() {
    return backend == BackendType.HOST_GW
        ? uplinkAddresses.stream().findFirst()
        : device.flatMap(Link::vxlan).flatMap(vxlan -> vxlan.local());
  }

  /** The VXLAN device, or what stands in for it. */
  String deviceName() {
    if (backend == BackendType.HOST_GW) {
      return uplink.map(Link::name).orElse("host-gw");
    }
    return family.isIpv6() ? "flannel-v6.1" : "flannel.1";
  }
}
