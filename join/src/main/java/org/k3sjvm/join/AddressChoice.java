package org.k3sjvm.join;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.join.HostNetwork.Interface;

/**
 * Which addresses are this node's. Source: k3s v1.36.3 pkg/util/net.go, GetHostnameAndIPs, and
 * pkg/agent/config.
 */
final class AddressChoice {
  private AddressChoice() {}

  /**
   * This node's addresses, in order.
   *
   * @throws JoinException.HostUnfit when there is no address, or more than one could be meant
   */
  static NodeAddresses choose(JoinConfig config, HostNetwork host, List<Cidr> clusterCidrs) {
    List<InetAddress> internal = new ArrayList<>(config.nodeAddresses());
    if (internal.isEmpty()) {
      internal.addAll(
          config
              .flannelInterface()
              .map(name -> ofInterface(name, host.interfaces()))
              .orElseGet(() -> ofDefaultRoutes(host)));
    }
    if (internal.size() > 1
        && !clusterCidrs.isEmpty()
        && clusterCidrs.getFirst().isIpv6() != IpAddresses.isIpv6(internal.getFirst())) {
      Collections.swap(internal, 0, 1);
    }
    return new NodeAddresses(internal, config.externalAddresses());
  }

  /**
   * Checks that pods, services and the node speak the same families.
   *
   * @throws JoinException.FamilyMismatch when they do not
   */
  static void checkFamilies(ServerSettings settings, NodeAddresses addresses) {
    for (boolean ipv6 : new boolean[] {false, true}) {
      String family = ipv6 ? "IPv6" : "IPv4";
      boolean pods = settings.clusterCidrs().stream().anyMatch(cidr -> cidr.isIpv6() == ipv6);
      boolean services = settings.serviceCidrs().stream().anyMatch(cidr -> cidr.isIpv6() == ipv6);
      if (pods != services) {
        throw new JoinException.FamilyMismatch(
            "the cluster has %s for only one of pods %s and services %s; fix --cluster-cidr and --service-cidr on the servers"
                .formatted(family, settings.clusterCidrs(), settings.serviceCidrs()));
      }
      boolean node =
          addresses.internal().stream().anyMatch(address -> IpAddresses.isIpv6(address) == ipv6);
      if (pods && !node) {
        throw new JoinException.FamilyMismatch(
            "the cluster uses %s, this node has no such address among %s; name one with --node-ip"
                .formatted(family, addresses.internal().stream().map(IpAddresses::text).toList()));
      }
    }
  }

  private static List<InetAddress> ofInterface(String name, List<Interface> interfaces) {
    Interface chosen =
        interfaces.stream()
            .filter(candidate -> candidate.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new JoinException.HostUnfit(
                        "the interface %s of --flannel-iface does not exist or is down; there are %s"
                            .formatted(name, interfaces.stream().map(Interface::name).toList())));
    List<InetAddress> ipv4 = global(chosen, false);
    if (ipv4.size() > 1) {
      throw new JoinException.HostUnfit(
          "the interface %s has several addresses %s; choose with --node-ip"
              .formatted(name, ipv4.stream().map(IpAddresses::text).toList()));
    }
    List<InetAddress> found =
        Stream.concat(ipv4.stream(), global(chosen, true).stream().limit(1)).toList();
    if (found.isEmpty()) {
      throw new JoinException.HostUnfit(
          "the interface " + name + " has no address; add one, or set --node-ip");
    }
    return found;
  }

  private static List<InetAddress> ofDefaultRoutes(HostNetwork host) {
    List<InetAddress> found = new ArrayList<>();
    ofDefaultRoute(host, false).ifPresent(found::add);
    ofDefaultRoute(host, true).ifPresent(found::add);
    if (found.isEmpty()) {
      throw new JoinException.HostUnfit(
          "no interface with a default route has an address, so this node's address is unknown; set"
              + " --node-ip");
    }
    return found;
  }

  private static Optional<InetAddress> ofDefaultRoute(HostNetwork host, boolean ipv6) {
    return host.defaultRouteInterface(ipv6)
        .filter(name -> !name.startsWith("flannel") && !name.startsWith("cni"))
        .flatMap(
            name -> host.interfaces().stream().filter(nic -> nic.name().equals(name)).findFirst())
        .flatMap(nic -> global(nic, ipv6).stream().findFirst());
  }

  private static List<InetAddress> global(Interface nic, boolean ipv6) {
    return nic.addresses().stream()
        .filter(address -> IpAddresses.isIpv6(address) == ipv6)
        .filter(AddressChoice::isGlobalUnicast)
        .toList();
  }

  /** Private networks count as global here. Source: Go net.IP.IsGlobalUnicast. */
  static boolean isGlobalUnicast(InetAddress address) {
    return !address.isAnyLocalAddress()
        && !address.isLoopbackAddress()
        && !address.isMulticastAddress()
        && !address.isLinkLocalAddress()
        && !address.getHostAddress().equals("255.255.255.255");
  }
}
