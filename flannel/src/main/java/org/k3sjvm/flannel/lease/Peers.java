package org.k3sjvm.flannel.lease;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.linux.net.MacAddress;

/**
 * Which nodes can be reached, and why some cannot: a pure function of what all nodes say.
 *
 * @param peers one for each pod network, in its order of names
 * @param doubts what an operator should know
 */
public record Peers(List<Peer> peers, List<String> doubts) {
  public Peers {
    peers = List.copyOf(peers);
    doubts = List.copyOf(doubts);
  }

  /**
   * The peers of one family.
   *
   * @param leases of all nodes
   * @param ownNode left out
   * @param ownSubnet left out
   * @param network of the cluster; what lies outside is not believed
   */
  public static Peers of(
      Collection<NodeLease> leases,
      Family family,
      BackendType backend,
      String ownNode,
      Cidr ownSubnet,
      Cidr network) {
    Map<Cidr, NodeLease> newest = new HashMap<>();
    List<String> doubts = new ArrayList<>();
    List<NodeLease> oldestFirst =
        leases.stream()
            .filter(lease -> !lease.node().equals(ownNode))
            .sorted(Comparator.comparing(NodeLease::created).thenComparing(NodeLease::node))
            .toList();
    for (NodeLease lease : oldestFirst) {
      Cidr podCidr = lease.podCidrs().get(family);
      if (podCidr == null || peer(lease, family, backend).isEmpty()) {
        continue;
      }
      if (podCidr.equals(ownSubnet) || !lies(podCidr, network)) {
        doubts.add("node " + lease.node() + " claims " + podCidr + ", which it cannot have");
        continue;
      }
      NodeLease older = newest.put(podCidr, lease);
      if (older != null) {
        doubts.add(
            "nodes "
                + older.node()
                + " and "
                + lease.node()
                + " both claim "
                + podCidr
                + ", the newer one has it");
      }
    }
    List<Peer> peers = new ArrayList<>();
    newest.values().stream()
        .sorted(Comparator.comparing(NodeLease::node))
        .forEach(lease -> peer(lease, family, backend).ifPresent(peers::add));
    return new Peers(peers, doubts);
  }

  private static Optional<Peer> peer(NodeLease lease, Family family, BackendType backend) {
    Cidr podCidr = lease.podCidrs().get(family);
    if (podCidr == null || !FlannelAnnotations.isReachedBy(backend, lease.annotations())) {
      return Optional.empty();
    }
    Optional<MacAddress> mac = FlannelAnnotations.mac(lease.annotations(), family);
    boolean known =
        switch (backend) {
          case VXLAN -> mac.isPresent();
          case WIREGUARD -> FlannelAnnotations.wireguard(lease.annotations(), family).isPresent();
          case HOST_GW -> true;
        };
    if (!known) {
      return Optional.empty();
    }
    return FlannelAnnotations.publicIp(lease.annotations(), family)
        .map(publicIp -> new Peer(lease.node(), podCidr, publicIp, mac));
  }

  private static boolean lies(Cidr inner, Cidr outer) {
    return inner.prefixLength() >= outer.prefixLength() && outer.contains(inner.address());
  }
}
