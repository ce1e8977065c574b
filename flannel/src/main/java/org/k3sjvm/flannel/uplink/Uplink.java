package org.k3sjvm.flannel.uplink;

import java.net.InetAddress;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
   * A choice.
   *
   * @param name of the interface
   * @param reason for people
   */
  public record Choice(String name, String reason) {}

  /**
   * The interface that the user named, by itself or by the node's address; else the one that leads
   * to the server, if it has addresses of all families, or while nobody knows the server's address
   * the one that peers know; else that of the default route, of IPv4 unless the cluster has none;
   * else that of the node's address. An address on the loopback or a dummy interface, which routing
   * tells the others, names none. Source: k3s v1.36.3 pkg/agent/flannel/flannel.go
   * LookupExtInterface for the name and the default route; the rest is ours.
   *
   * @throws UplinkException when there is none
   */
  public static Choice choose(
      HostNetwork network, Collection<Family> families, UplinkWishes wishes) {
    return wishes
        .interfaceName()
        .map(name -> new Choice(name, "--flannel-iface"))
        .or(() -> ofAddress(network, wishes.saidIps(), "--node-ip", families))
        .or(() -> towardsServer(network, wishes.servers(), families))
        .or(() -> former(network, families, wishes))
        .or(() -> ofDefaultRoute(network, families))
        .or(() -> ofAddress(network, wishes.nodeIps(), "it has the node's address", Set.of()))
        .orElseThrow(
            () ->
                new UplinkException(
                    "no interface for the pod network: no route leads to the server, there is no"
                        + " default route, and no interface that others can reach has the node's"
                        + " address; name one with --flannel-iface"));
  }

  private static Optional<Choice> towardsServer(
      HostNetwork network, List<InetAddress> servers, Collection<Family> families) {
    return servers.stream()
        .filter(server -> !server.isLoopbackAddress())
        .flatMap(server -> network.linkTowards(server).stream().boxed())
        .flatMap(link -> network.link(link).stream())
        .filter(link -> !isOfPods(link.name()) && hasAll(network, link, families))
        .findFirst()
        .map(link -> new Choice(link.name(), "it leads to the server"));
  }

  private static Optional<Choice> former(
      HostNetwork network, Collection<Family> families, UplinkWishes wishes) {
    return wishes.servers().isEmpty()
        ? ofAddress(network, wishes.formerIps(), "it has the address that peers know", families)
        : Optional.empty();
  }

  private static Optional<Choice> ofDefaultRoute(HostNetwork network, Collection<Family> families) {
    return network.routes(!families.contains(Family.IPV4)).stream()
        .filter(Route::isDefault)
        .findFirst()
        .flatMap(route -> network.link(route.link()))
        .map(link -> new Choice(link.name(), "it has the default route"));
  }

  private static Optional<Choice> ofAddress(
      HostNetwork network, List<InetAddress> ips, String reason, Collection<Family> families) {
    return network.links().stream()
        .filter(link -> !isOfPods(link.name()) && !link.kind().equals("dummy"))
        .filter(
            link ->
                network.addresses(link.index()).stream()
                    .anyMatch(one -> ips.contains(one.address())))
        .filter(link -> hasAll(network, link, families))
        .findFirst()
        .map(link -> new Choice(link.name(), reason));
  }

  /** What lies on top of the interface that is sought. */
  private static boolean isOfPods(String link) {
    return link.equals("lo") || link.startsWith("flannel") || link.startsWith("cni");
  }

  private static boolean hasAll(HostNetwork network, Link link, Collection<Family> families) {
    List<InterfaceAddress> addresses = network.addresses(link.index());
    return families.stream().allMatch(family -> best(addresses, family).isPresent());
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
}
