package org.k3sjvm.flannel.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.lease.Peer;
import org.k3sjvm.linux.net.ForwardingEntry;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.net.Neighbour;
import org.k3sjvm.linux.net.Route;

/** The kernel's entries about other nodes, wanted or found. */
public record Entries(
    List<Neighbour> neighbours, List<ForwardingEntry> forwarding, List<Route> routes) {
  public static final Entries NONE = new Entries(List.of(), List.of(), List.of());

  public Entries {
    neighbours = List.copyOf(neighbours);
    forwarding = List.copyOf(forwarding);
    routes = List.copyOf(routes);
  }

  /** What the peers need on a VXLAN device. */
  public static Entries wantedOnVxlan(List<Peer> peers, int device) {
    List<Neighbour> neighbours = new ArrayList<>();
    List<ForwardingEntry> forwarding = new ArrayList<>();
    List<Route> routes = new ArrayList<>();
    for (Peer peer : peers) {
      peer.mac()
          .ifPresent(
              mac -> {
                var gateway = peer.podCidr().address();
                neighbours.add(new Neighbour(device, gateway, mac));
                forwarding.add(new ForwardingEntry(device, mac, peer.publicIp()));
                routes.add(new Route(peer.podCidr(), Optional.of(gateway), device, true));
              });
    }
    return new Entries(neighbours, forwarding, routes);
  }

  /** What the peers need on the interface that they share with us. */
  public static Entries wantedOnUplink(List<Peer> peers, int uplink) {
    return new Entries(
        List.of(),
        List.of(),
        peers.stream()
            .map(peer -> new Route(peer.podCidr(), Optional.of(peer.publicIp()), uplink, false))
            .toList());
  }

  /** These and others. */
  public Entries and(Entries others) {
    return new Entries(
        Stream.concat(neighbours.stream(), others.neighbours().stream()).toList(),
        Stream.concat(forwarding.stream(), others.forwarding().stream()).toList(),
        Stream.concat(routes.stream(), others.routes().stream()).toList());
  }

  /**
   * What is there and ours: everything on our own devices, and routes to pods that go through
   * another host over our devices or the uplink.
   *
   * @param devices ours; routes of pods' bridges are on none of them
   */
  public static Entries found(
      HostNetwork network, Family family, List<Integer> devices, int uplink, Cidr clusterNetwork) {
    List<Neighbour> neighbours = new ArrayList<>();
    List<ForwardingEntry> forwarding = new ArrayList<>();
    for (int device : devices) {
      network.neighbours(device).stream()
          .filter(neighbour -> Family.of(neighbour.address()) == family)
          .forEach(neighbours::add);
      forwarding.addAll(network.forwarding(device));
    }
    List<Route> routes =
        network.routes(family.isIpv6()).stream()
            .filter(route -> route.via().isPresent())
            .filter(route -> route.link() == uplink || devices.contains(route.link()))
            .filter(route -> route.destination().prefixLength() >= clusterNetwork.prefixLength())
            .filter(route -> clusterNetwork.contains(route.destination().address()))
            .toList();
    return new Entries(neighbours, forwarding, routes);
  }
}
