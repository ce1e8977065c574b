package org.k3sjvm.flannel.check;

import io.fabric8.kubernetes.api.model.Node;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.backend.VxlanOptions;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.lease.FlannelAnnotations;
import org.k3sjvm.flannel.lease.NodeLease;
import org.k3sjvm.flannel.lease.Peer;
import org.k3sjvm.flannel.lease.Peers;
import org.k3sjvm.flannel.lease.WireguardEnd;
import org.k3sjvm.flannel.plan.Entries;
import org.k3sjvm.linux.host.Sysctls;
import org.k3sjvm.linux.net.ForwardingEntry;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.net.InterfaceAddress;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.net.Neighbour;
import org.k3sjvm.linux.net.Route;
import org.k3sjvm.linux.net.VxlanSettings;

/** What is to be checked: read from the kernel and, while the API answers, from the nodes. */
final class Survey {
  private final HostNetwork network;
  private final Sysctls sysctls;
  private final OwnEnd.Firewall firewall;
  private final List<NodeLease> leases;
  private final Map<String, Node> nodes = new HashMap<>();
  private final Optional<String> ownName;

  /**
   * A survey.
   *
   * @param nodes of the cluster; empty when the API is away
   * @param ownName of this node, where it is known
   */
  Survey(
      HostNetwork network,
      Sysctls sysctls,
      OwnEnd.Firewall firewall,
      Collection<Node> nodes,
      Optional<String> ownName) {
    this.network = network;
    this.sysctls = sysctls;
    this.firewall = firewall;
    this.ownName = ownName;
    this.leases = nodes.stream().flatMap(node -> lease(node).stream()).toList();
    nodes.forEach(node -> this.nodes.put(node.getMetadata().getName(), node));
  }

  /** A node whose pod networks cannot be read is left out, as flannel does. */
  private static Optional<NodeLease> lease(Node node) {
    try {
      return Optional.of(NodeLease.of(node));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** This node in a family. */
  OwnEnd own(Family family) {
    Optional<OwnEnd.Announced> announced = announced(family);
    Optional<Link> device = device(family, announced);
    Optional<Link> uplink =
        device
            .flatMap(Link::vxlan)
            .map(VxlanSettings::lowerLink)
            .filter(index -> index != 0)
            .flatMap(network::link);
    return new OwnEnd(
        ownName.orElse(""),
        family,
        device,
        uplink,
        uplink.map(link -> addresses(link, family)).orElse(List.of()),
        announced,
        ownName.map(name -> nodeAddresses(name, family)).orElse(List.of()),
        uplink.filter(link -> isStrict(link.name())).isPresent(),
        firewall,
        BackendType.VXLAN,
        forwards(family));
  }

  private Optional<OwnEnd.Announced> announced(Family family) {
    return leases.stream()
        .filter(one -> ownName.filter(one.node()::equals).isPresent())
        .filter(one -> one.podCidrs().containsKey(family))
        .findFirst()
        .map(NodeLease::annotations)
        .map(
            own ->
                new OwnEnd.Announced(
                    FlannelAnnotations.mac(own, family),
                    FlannelAnnotations.vni(own, family).orElse(VxlanOptions.DEFAULT.vni()),
                    FlannelAnnotations.publicIp(own, family),
                    FlannelAnnotations.isOverwritten(own, family)));
  }

  /** The one that peers are told of; else the one of that name, or any where nobody tells. */
  private Optional<Link> device(Family family, Optional<OwnEnd.Announced> announced) {
    List<Link> all =
        network.links().stream()
            .filter(link -> link.vxlan().isPresent())
            .filter(link -> link.name().startsWith(OwnEnd.linkPrefix(family)))
            .toList();
    Optional<MacAddress> told = announced.flatMap(OwnEnd.Announced::mac);
    int vni = announced.map(OwnEnd.Announced::vni).orElse(VxlanOptions.DEFAULT.vni());
    String name = OwnEnd.linkPrefix(family) + vni;
    return all.stream()
        .filter(link -> told.isPresent() && link.mac().equals(told))
        .findFirst()
        .or(() -> all.stream().filter(link -> link.name().equals(name)).findFirst())
        .or(() -> all.stream().filter(_ -> announced.isEmpty()).findFirst());
  }

  /** How this node says that it is reached. */
  Optional<String> backend() {
    return leases.stream()
        .filter(one -> ownName.filter(one.node()::equals).isPresent())
        .findFirst()
        .flatMap(one -> FlannelAnnotations.backend(one.annotations()));
  }

  /** This node's share in a network without tunnels; empty when it has none in a family. */
  Optional<GatewaySurvey> gateway(Family family) {
    OwnEnd own = own(family);
    List<InetAddress> addresses =
        Stream.concat(
                own.announced().flatMap(OwnEnd.Announced::publicIp).stream(),
                own.nodeAddresses().stream())
            .toList();
    return own.announced().isEmpty()
        ? Optional.empty()
        : GatewaySurvey.at(network, family, addresses);
  }

  /** This node in a family, without a tunnel. */
  OwnEnd own(GatewaySurvey gateway) {
    OwnEnd own = own(gateway.family());
    return new OwnEnd(
        own.node(),
        own.family(),
        Optional.empty(),
        Optional.of(gateway.uplink()),
        gateway.own().stream().map(InterfaceAddress::address).toList(),
        own.announced(),
        own.nodeAddresses(),
        isStrict(gateway.uplink().name()),
        firewall,
        BackendType.HOST_GW,
        own.forwards());
  }

  /** Whose pods packets are to reach without a tunnel. */
  List<Target> targets(GatewaySurvey gateway) {
    return peers(gateway.family(), BackendType.HOST_GW, ownName.orElse("")).stream()
        .map(
            peer ->
                new Target(
                    peer,
                    isReady(peer),
                    nodeAddresses(peer.node(), gateway.family()),
                    peer.podCidr().at(1)))
        .toList();
  }

  /** This node in a family whose tunnels are WireGuard's. */
  OwnEnd own(WireguardSurvey tunnels) {
    Family family = tunnels.family();
    OwnEnd own = own(family);
    Optional<GatewaySurvey> uplink = gateway(family);
    return new OwnEnd(
        own.node(),
        family,
        Optional.of(tunnels.link()),
        uplink.map(GatewaySurvey::uplink),
        uplink.stream().flatMap(at -> at.own().stream()).map(InterfaceAddress::address).toList(),
        own.announced(),
        own.nodeAddresses(),
        false,
        firewall,
        BackendType.WIREGUARD,
        own.forwards());
  }

  /** Whom packets are to reach through WireGuard. */
  List<Target> targets(WireguardSurvey tunnels) {
    List<Peer> peers =
        leases.isEmpty()
            ? tunnels.remembered()
            : peers(tunnels.family(), BackendType.WIREGUARD, ownName.orElse(""));
    return peers.stream()
        .map(
            peer ->
                new Target(
                    peer,
                    leases.isEmpty() || isReady(peer),
                    nodeAddresses(peer.node(), tunnels.family())))
        .toList();
  }

  /** What a peer needs of WireGuard and the kernel has not. */
  List<String> differences(WireguardSurvey tunnels, Peer peer) {
    return tunnels.differences(
        peer,
        leases.stream()
            .filter(one -> one.node().equals(peer.node()))
            .flatMap(
                one -> FlannelAnnotations.wireguard(one.annotations(), tunnels.family()).stream())
            .map(WireguardEnd::key)
            .findFirst());
  }

  private boolean forwards(Family family) {
    return sysctls
        .read(family.isIpv6() ? "net/ipv6/conf/all/forwarding" : "net/ipv4/ip_forward")
        .filter("0"::equals)
        .isEmpty();
  }

  /** Whom packets are to reach: what the nodes say, or what the kernel was told before. */
  List<Target> targets(OwnEnd own) {
    if (own.device().isEmpty()) {
      return List.of();
    }
    Family family = own.family();
    Link device = own.device().get();
    if (leases.isEmpty()) {
      return remembered(device, family).stream()
          .map(peer -> new Target(peer, true, List.of()))
          .toList();
    }
    return peers(family, BackendType.VXLAN, own.node()).stream()
        .map(peer -> new Target(peer, isReady(peer), nodeAddresses(peer.node(), family)))
        .toList();
  }

  private List<Peer> peers(Family family, BackendType backend, String ownNode) {
    Cidr all = Cidr.parse(family.isIpv6() ? "::/0" : "0.0.0.0/0");
    Cidr ownSubnet =
        leases.stream()
            .filter(one -> one.node().equals(ownNode))
            .flatMap(one -> Optional.ofNullable(one.podCidrs().get(family)).stream())
            .findFirst()
            .orElse(all);
    return Peers.of(leases, family, backend, ownNode, ownSubnet, all).peers();
  }

  /** Entries that a peer needs and the kernel has not. */
  List<String> differences(OwnEnd own, Peer peer) {
    Link device = own.device().orElseThrow();
    List<Route> routes = network.routes(own.family().isIpv6());
    if (own.uplink()
        .filter(
            uplink ->
                routes.containsAll(Entries.wantedOnUplink(List.of(peer), uplink.index()).routes()))
        .isPresent()) {
      return List.of(); // DirectRouting
    }
    Entries wanted = Entries.wantedOnVxlan(List.of(peer), device.index());
    List<String> missing = new ArrayList<>();
    List<Neighbour> neighbours = network.neighbours(device.index());
    List<ForwardingEntry> forwarding = network.forwarding(device.index());
    wanted.routes().stream()
        .filter(one -> !routes.contains(one))
        .forEach(one -> missing.add("route " + one));
    wanted.neighbours().stream()
        .filter(one -> !neighbours.contains(one))
        .forEach(one -> missing.add("neighbour " + one));
    wanted.forwarding().stream()
        .filter(one -> !forwarding.contains(one))
        .forEach(one -> missing.add("forwarding entry " + one));
    return missing.stream()
        .map(text -> text.replace("dev #" + device.index(), "dev " + device.name()))
        .toList();
  }

  private List<Peer> remembered(Link device, Family family) {
    Map<InetAddress, MacAddress> macs = new HashMap<>();
    Map<MacAddress, InetAddress> hosts = new HashMap<>();
    network.neighbours(device.index()).forEach(one -> macs.put(one.address(), one.mac()));
    network.forwarding(device.index()).forEach(one -> hosts.put(one.mac(), one.destination()));
    List<Peer> peers = new ArrayList<>();
    for (Route route : network.routes(family.isIpv6())) {
      Optional<MacAddress> mac = route.via().flatMap(hop -> Optional.ofNullable(macs.get(hop)));
      Optional<InetAddress> host = mac.flatMap(one -> Optional.ofNullable(hosts.get(one)));
      if (route.link() == device.index() && host.isPresent()) {
        peers.add(new Peer("", route.destination(), host.get(), mac));
      }
    }
    return peers;
  }

  private List<InetAddress> addresses(Link link, Family family) {
    return network.addresses(link.index()).stream()
        .map(InterfaceAddress::address)
        .filter(address -> Family.of(address) == family)
        .toList();
  }

  private List<InetAddress> nodeAddresses(String name, Family family) {
    Node node = nodes.get(name);
    if (node == null || node.getStatus() == null || node.getStatus().getAddresses() == null) {
      return List.of();
    }
    return node.getStatus().getAddresses().stream()
        .filter(one -> one.getType().endsWith("IP"))
        .filter(one -> IpAddresses.isLiteral(one.getAddress()))
        .map(one -> IpAddresses.parse(one.getAddress()))
        .filter(address -> Family.of(address) == family)
        .toList();
  }

  private boolean isReady(Peer peer) {
    return leases.stream().filter(one -> one.node().equals(peer.node())).anyMatch(NodeLease::ready);
  }

  private boolean isStrict(String link) {
    return List.of("all", link).stream()
        .flatMap(name -> sysctls.read("net/ipv4/conf/" + name + "/rp_filter").stream())
        .anyMatch("1"::equals);
  }
}
