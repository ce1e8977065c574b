package org.k3sjvm.flannel.plan;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.backend.WireguardOptions;
import org.k3sjvm.flannel.backend.WireguardOptions.Mode;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.lease.FlannelAnnotations;
import org.k3sjvm.flannel.lease.NodeLease;
import org.k3sjvm.flannel.lease.Peer;
import org.k3sjvm.flannel.lease.Peers;
import org.k3sjvm.flannel.lease.WireguardEnd;
import org.k3sjvm.linux.wireguard.PublicKey;
import org.k3sjvm.linux.wireguard.WireGuardPeer;

/**
 * Which peers an interface of WireGuard should have: a pure function of what all nodes say.
 *
 * @param peers no two have the same key, or the same network
 * @param doubts what an operator should know
 */
public record Tunnels(List<WireGuardPeer> peers, List<String> doubts) {
  public Tunnels {
    peers = List.copyOf(peers);
    doubts = List.copyOf(doubts);
  }

  /**
   * This node.
   *
   * @param key that its peers know
   * @param subnets pods of this node, by family that the interface carries
   * @param networks pods of all nodes
   * @param underlay addresses of the interface that carries the packets
   */
  public record Own(
      String node,
      PublicKey key,
      Map<Family, Cidr> subnets,
      Map<Family, Cidr> networks,
      Map<Family, InetAddress> underlay) {
    public Own {
      subnets = Map.copyOf(subnets);
      networks = Map.copyOf(networks);
      underlay = Map.copyOf(underlay);
    }
  }

  /** The peers of one interface. */
  public static Tunnels of(Collection<NodeLease> leases, Own own, WireguardOptions options) {
    List<String> doubts = new ArrayList<>();
    Map<String, Map<Family, Peer>> byNode = new HashMap<>();
    own.subnets()
        .forEach(
            (family, subnet) -> {
              Peers peers =
                  Peers.of(
                      leases,
                      family,
                      BackendType.WIREGUARD,
                      own.node(),
                      subnet,
                      own.networks().getOrDefault(family, subnet));
              doubts.addAll(peers.doubts());
              peers
                  .peers()
                  .forEach(
                      peer ->
                          byNode
                              .computeIfAbsent(peer.node(), _ -> new EnumMap<>(Family.class))
                              .put(family, peer));
            });
    Map<PublicKey, String> holders = new HashMap<>();
    Map<PublicKey, WireGuardPeer> wanted = new LinkedHashMap<>();
    for (NodeLease lease : oldestFirst(leases)) {
      Map<Family, Peer> peers = byNode.getOrDefault(lease.node(), Map.of());
      if (!peers.isEmpty()) {
        peer(lease, peers, own, options, doubts)
            .ifPresent(
                peer -> {
                  String older = holders.put(peer.key(), lease.node());
                  if (older != null) {
                    doubts.add(sameKey(older, lease.node()));
                  }
                  wanted.put(peer.key(), peer);
                });
      }
    }
    if (wanted.remove(own.key()) != null) {
      doubts.add(sameKey(own.node(), holders.getOrDefault(own.key(), "")));
    }
    return new Tunnels(List.copyOf(wanted.values()), doubts);
  }

  private static List<NodeLease> oldestFirst(Collection<NodeLease> leases) {
    return leases.stream()
        .sorted(Comparator.comparing(NodeLease::created).thenComparing(NodeLease::node))
        .toList();
  }

  private static String sameKey(String older, String newer) {
    return "nodes "
        + older
        + " and "
        + newer
        + " have the same WireGuard key: remove the key file on one of them and start its agent"
        + " again";
  }

  private static Optional<WireGuardPeer> peer(
      NodeLease lease,
      Map<Family, Peer> peers,
      Own own,
      WireguardOptions options,
      List<String> doubts) {
    Optional<Peer> via = via(peers, own, options.mode());
    Optional<WireguardEnd> end = end(lease, peers.keySet(), options.mode());
    if (via.isEmpty() || end.isEmpty()) {
      doubts.add("node " + lease.node() + " has no address that mode " + options.mode() + " uses");
      return Optional.empty();
    }
    InetAddress address = via.get().publicIp();
    int port = end.get().port() == 0 ? options.port(Family.of(address)) : end.get().port();
    return Optional.of(
        new WireGuardPeer(
            end.get().key(),
            options.preshared(),
            Optional.of(new InetSocketAddress(address, port)),
            options.keepaliveSeconds(),
            peers.values().stream().map(Peer::podCidr).collect(Collectors.toSet())));
  }

  /**
   * One interface for both families listens on the port of IPv4, whatever upstream says of IPv6.
   */
  private static Optional<WireguardEnd> end(NodeLease lease, Set<Family> families, Mode mode) {
    return Stream.of(Family.values())
        .filter(family -> families.contains(family) || mode != Mode.SEPARATE)
        .flatMap(family -> FlannelAnnotations.wireguard(lease.annotations(), family).stream())
        .findFirst();
  }

  /** Where packets go. Source: flannel v0.28 wireguard_network.go, selectMode. */
  private static Optional<Peer> via(Map<Family, Peer> peers, Own own, Mode mode) {
    Optional<Peer> four = Optional.ofNullable(peers.get(Family.IPV4));
    Optional<Peer> six = Optional.ofNullable(peers.get(Family.IPV6));
    return switch (mode) {
      case SEPARATE -> four.or(() -> six);
      case IPV4 -> four;
      case IPV6 -> six;
      case AUTO -> {
        boolean publicFour =
            four.filter(peer -> !peer.publicIp().isSiteLocalAddress()).isPresent()
                && own.underlay().containsKey(Family.IPV4);
        boolean publicSix =
            six.filter(peer -> !isUniqueLocal(peer.publicIp())).isPresent()
                && Optional.ofNullable(own.underlay().get(Family.IPV6))
                    .filter(address -> !isUniqueLocal(address))
                    .isPresent();
        yield four.isEmpty() || (!publicFour && publicSix) ? six : four;
      }
    };
  }

  /** Of fc00::/7. */
  private static boolean isUniqueLocal(InetAddress address) {
    return (address.getAddress()[0] & 0xfe) == 0xfc;
  }
}
