package org.k3sjvm.flannel.check;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.backend.WireguardDevice;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.lease.Peer;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.wireguard.PublicKey;
import org.k3sjvm.linux.wireguard.WireGuard;
import org.k3sjvm.linux.wireguard.WireGuardDevice;
import org.k3sjvm.linux.wireguard.WireGuardDevice.PeerState;

/**
 * What the kernel has of the tunnels of a family.
 *
 * @param link the interface of WireGuard
 * @param device what it is set to
 */
record WireguardSurvey(HostNetwork network, Family family, Link link, WireGuardDevice device) {

  /** The interface of ours that has an address of that family; empty when none has. */
  static Optional<WireguardSurvey> of(HostNetwork network, WireGuard wireGuard, Family family) {
    Set<String> names = Set.of(WireguardDevice.NAME, WireguardDevice.NAME_V6);
    return network.links().stream()
        .filter(link -> link.kind().equals(Link.WIREGUARD) && names.contains(link.name()))
        .filter(
            link ->
                network.addresses(link.index()).stream()
                    .anyMatch(
                        one ->
                            Family.of(one.address()) == family
                                && !one.address().isLinkLocalAddress()))
        .min(Comparator.comparing(Link::name))
        .map(link -> new WireguardSurvey(network, family, link, wireGuard.device(link.index())));
  }

  /** Those that the kernel knows, without their names. */
  List<Peer> remembered() {
    List<Peer> peers = new ArrayList<>();
    for (PeerState state : device.peers()) {
      for (Cidr podCidr : state.settings().allowedIps()) {
        if (Family.of(podCidr) == family) {
          state
              .settings()
              .endpoint()
              .ifPresent(at -> peers.add(new Peer("", podCidr, at.getAddress(), Optional.empty())));
        }
      }
    }
    return peers;
  }

  /** When the peer that has these pods last agreed on keys with us; empty when never. */
  Optional<Instant> lastHandshake(Cidr podCidr) {
    return holder(podCidr).flatMap(PeerState::lastHandshake);
  }

  /**
   * What a peer needs and the kernel has not.
   *
   * @param key that it announced; empty when the API did not tell
   */
  List<String> differences(Peer peer, Optional<PublicKey> key) {
    List<String> missing = new ArrayList<>();
    Optional<PublicKey> holder = holder(peer.podCidr()).map(state -> state.settings().key());
    if (holder.isEmpty()) {
      missing.add("a peer of " + link.name() + " for " + peer.podCidr());
    } else if (key.isPresent() && !key.equals(holder)) {
      missing.add(
          "the key "
              + key.get()
              + " that the peer announced for "
              + peer.podCidr()
              + "; it has "
              + holder.get());
    }
    if (!network.linkTowards(peer.podCidr().address()).equals(OptionalInt.of(link.index()))) {
      missing.add("a route to " + peer.podCidr() + " dev " + link.name());
    }
    return missing;
  }

  private Optional<PeerState> holder(Cidr podCidr) {
    return device.peers().stream()
        .filter(state -> state.settings().allowedIps().contains(podCidr))
        .findFirst();
  }
}
