package org.k3sjvm.flannel.uplink;

import java.net.InetAddress;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.net.InterfaceAddress;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.Route;

/**
 * The interface that carries the pods' packets.
 *
 * @param addresses its own, by enabled family
 */
public record Uplink(Link link, Map<Family, InetAddress> addresses) {
  public Uplink {
    addresses = Map.copyOf(addresses);
  }

  /**
   * The name of the interface of the default route, of IPv4 unless the cluster has none; without a
   * default route that of the interface with the node's own address. Source: k3s v1.36.3
   * pkg/agent/flannel/flannel.go LookupExtInterface; the second half is ours.
   *
   * @throws UplinkException when there is neither
   */
  public static String chooseName(
      HostNetwork network, Collection<Family> families, List<InetAddress> nodeIps) {
    boolean ipv6 = !families.contains(Family.IPV4);
    Optional<String> byRoute =
        network.routes(ipv6).stream()
            .filter(Route::isDefault)
            .findFirst()
            .flatMap(route -> network.link(route.link()))
            .map(Link::name);
    return byRoute
        .or(() -> nameOfAddress(network, nodeIps))
        .orElseThrow(
            () ->
                new UplinkException(
                    "no interface for the pod network: there is no default route and no interface"
                        + " has the node's address; name one with --flannel-iface"));
  }

  /**
   * The interface as it is now.
   *
   * @param preferred addresses to keep while they are there, whatever else came
   * @throws UplinkException when it is gone, or lacks an address of an enabled family
   */
  public static Uplink resolve(
      HostNetwork network,
      String name,
      Collection<Family> families,
      Map<Family, InetAddress> preferred) {
    Link link =
        network
            .link(name)
            .orElseThrow(
                () ->
                    new UplinkException(
                        "there is no interface "
                            + name
                            + " for the pod network; name one with"
                            + " --flannel-iface"));
    if (link.mtuBytes() <= 0) {
      throw new UplinkException("interface " + name + " has no MTU");
    }
    List<InterfaceAddress> all = network.addresses(link.index());
    Map<Family, InetAddress> chosen = new EnumMap<>(Family.class);
    for (Family family : families) {
      Optional<InetAddress> kept =
          Optional.ofNullable(preferred.get(family))
              .filter(address -> all.stream().anyMatch(one -> one.address().equals(address)));
      chosen.put(
          family,
          kept.or(() -> best(all, family))
              .orElseThrow(
                  () ->
                      new UplinkException(
                          "interface "
                              + name
                              + " has no "
                              + family
                              + " address for the pod"
                              + " network; name another with --flannel-iface")));
    }
    return new Uplink(link, chosen);
  }

  /** Source: flannel v0.28 pkg/ip/iface.go, GetInterfaceIP4Addrs and GetInterfaceIP6Addrs. */
  static Optional<InetAddress> best(List<InterfaceAddress> addresses, Family family) {
    return addresses.stream()
        .filter(one -> Family.of(one.address()) == family)
        .filter(one -> !one.deprecated())
        .filter(one -> isGlobal(one.address()) || one.address().isLinkLocalAddress())
        .min(
            Comparator.comparing((InterfaceAddress one) -> !isGlobal(one.address()))
                .thenComparing(one -> !one.permanent())
                .thenComparing(InterfaceAddress::temporary))
        .map(InterfaceAddress::address);
  }

  private static boolean isGlobal(InetAddress address) {
    return !address.isLinkLocalAddress()
        && !address.isLoopbackAddress()
        && !address.isMulticastAddress()
        && !address.isAnyLocalAddress();
  }

  private static Optional<String> nameOfAddress(HostNetwork network, List<InetAddress> nodeIps) {
    return network.links().stream()
        .filter(
            link ->
                network.addresses(link.index()).stream()
                    .anyMatch(one -> nodeIps.contains(one.address())))
        .findFirst()
        .map(Link::name);
  }
}
