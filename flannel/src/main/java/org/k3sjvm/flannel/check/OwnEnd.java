package org.k3sjvm.flannel.check;

import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.k3sjvm.flannel.backend.VxlanOptions;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.net.VxlanSettings;

/**
 * One family of this node.
 *
 * @param node its name, empty when the API did not tell
 * @param device the interface of VXLAN or WireGuard; empty when there is none
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
   * @param vni of the tunnel that peers are told
   * @param overwritten by an annotation of the administrator or {@code --flannel-external-ip}
   */
  public record Announced(
      Optional<MacAddress> mac, int vni, Optional<InetAddress> publicIp, boolean overwritten) {}

  /** Tools that own a host's packet filter: a rule added behind their back does not last. */
  public enum Firewall {
    FIREWALLD("firewall-cmd --permanent --add-port=%2$d/udp; firewall-cmd --reload"),
    UFW("ufw allow %2$d/udp"),
    NONE("%1$s -I INPUT -p udp --dport %2$d -j ACCEPT");

    private final String allow;

    Firewall(String allow) {
      this.allow = allow;
    }

    String allow(Family family, int port) {
      return String.format(Locale.ROOT, allow, family.isIpv6() ? "ip6tables" : "iptables", port);
    }
  }

  String name() {
    return node.isEmpty() ? "this node" : node;
  }

  /** The source of packets between hosts. */
  Optional<InetAddress> local() {
    return backend == BackendType.VXLAN
        ? device.flatMap(Link::vxlan).flatMap(vxlan -> vxlan.local())
        : uplinkAddresses.stream().findFirst();
  }

  /** What names of VXLAN devices begin with; the network identifier follows. */
  static String linkPrefix(Family family) {
    return family.isIpv6() ? "flannel-v6." : "flannel.";
  }

  /** Of the tunnel, as the kernel has it, or else as peers are told. */
  int vni() {
    return device
        .flatMap(Link::vxlan)
        .map(VxlanSettings::vni)
        .or(() -> announced.map(Announced::vni))
        .orElse(VxlanOptions.DEFAULT.vni());
  }

  /** UDP destination of the tunnel's packets, here as at the peers. */
  int port() {
    return device
        .flatMap(Link::vxlan)
        .map(VxlanSettings::port)
        .filter(port -> port != 0)
        .orElse(VxlanOptions.DEFAULT_PORT);
  }

  /** The tunnels' interface, or what stands in for it. */
  String deviceName() {
    if (backend == BackendType.HOST_GW) {
      return uplink.map(Link::name).orElse("host-gw");
    }
    return device.map(Link::name).orElseGet(() -> linkPrefix(family) + vni());
  }
}
