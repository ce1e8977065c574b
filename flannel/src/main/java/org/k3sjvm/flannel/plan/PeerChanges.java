package org.k3sjvm.flannel.plan;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.linux.wireguard.PublicKey;
import org.k3sjvm.linux.wireguard.WireGuardChange;
import org.k3sjvm.linux.wireguard.WireGuardDevice.PeerState;
import org.k3sjvm.linux.wireguard.WireGuardPeer;

/**
 * What turns the peers that an interface of WireGuard has into those that are wanted; a pure
 * function. A peer that is as wanted keeps its session.
 *
 * <p>The kernel sends to where a peer's packets last came from, which behind NAT is not what the
 * peer says of itself. That is left alone while the peer is heard, unless it says something new.
 */
public final class PeerChanges {
  /** No session is older. Source: WireGuard whitepaper, 6.1, Reject-After-Time. */
  public static final Duration SESSION = Duration.ofMinutes(3);

  private PeerChanges() {}

  /**
   * The changes.
   *
   * @param told where each peer was last said to be, as far as this process has set it
   */
  public static WireGuardChange between(
      List<PeerState> found,
      List<WireGuardPeer> wanted,
      Map<PublicKey, InetSocketAddress> told,
      Instant now) {
    Map<PublicKey, PeerState> present = new HashMap<>();
    found.forEach(state -> present.put(state.settings().key(), state));
    List<WireGuardPeer> set = new ArrayList<>();
    Set<PublicKey> kept = new HashSet<>();
    for (WireGuardPeer peer : wanted) {
      kept.add(peer.key());
      Optional<PeerState> state = Optional.ofNullable(present.get(peer.key()));
      WireGuardPeer next =
          state.isPresent() && !mustMove(state.get(), peer, told, now)
              ? at(peer, Optional.empty())
              : peer;
      if (state.isEmpty() || next.endpoint().isPresent() || !isAsWanted(state.get(), peer)) {
        set.add(next);
      }
    }
    return WireGuardChange.ofPeers(
        set, present.keySet().stream().filter(key -> !kept.contains(key)).toList());
  }

  /** For one who does not know every peer that there is. */
  public static WireGuardChange withoutRemovals(WireGuardChange change) {
    return WireGuardChange.ofPeers(change.set(), List.of());
  }

  private static boolean mustMove(
      PeerState state, WireGuardPeer wanted, Map<PublicKey, InetSocketAddress> told, Instant now) {
    if (wanted.endpoint().equals(state.settings().endpoint())) {
      return false;
    }
    Optional<InetSocketAddress> before = Optional.ofNullable(told.get(wanted.key()));
    boolean saysSomethingNew = before.isPresent() && !before.equals(wanted.endpoint());
    boolean heard =
        state.lastHandshake().filter(last -> last.plus(SESSION).isAfter(now)).isPresent();
    return saysSomethingNew || !heard;
  }

  private static boolean isAsWanted(PeerState state, WireGuardPeer wanted) {
    return at(state.settings(), Optional.empty()).equals(at(wanted, Optional.empty()));
  }

  private static WireGuardPeer at(WireGuardPeer peer, Optional<InetSocketAddress> endpoint) {
    return new WireGuardPeer(
        peer.key(), peer.preshared(), endpoint, peer.keepaliveSeconds(), peer.allowedIps());
  }
}
