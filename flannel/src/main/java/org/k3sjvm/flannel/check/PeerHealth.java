package org.k3sjvm.flannel.check;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.k3sjvm.flannel.lease.Peer;

/**
 * Who answers through the tunnel, round by round; no thread and no sockets.
 *
 * <p>One lost packet proves nothing: a peer is called unreachable after three silent rounds in a
 * row, the second and third of which come soon. One answer makes it reachable. A peer whose Node is
 * not Ready is not asked, and stays what it was.
 */
final class PeerHealth {
  /** Silent rounds in a row that make a peer unreachable. */
  static final int MISSES = 3;

  private final Object lock = new Object();

  /** Misses in a row by peer, at most {@link #MISSES}; absent until asked once. */
  @GuardedBy("lock")
  private final Map<Key, Integer> misses = new LinkedHashMap<>();

  private record Key(String node, InetAddress tunnel) {
    static Key of(Peer peer) {
      return new Key(peer.node(), peer.podCidr().address());
    }
  }

  /** Peers that a round has changed. */
  record Changes(List<Peer> lost, List<Peer> back) {}

  /**
   * Takes the outcome of a round.
   *
   * @param all peers that exist; others are forgotten
   * @param asked in this round
   * @param answered addresses of VXLAN devices
   */
  Changes on(Collection<Peer> all, Collection<Peer> asked, Set<InetAddress> answered) {
    List<Peer> lost = new ArrayList<>();
    List<Peer> back = new ArrayList<>();
    synchronized (lock) {
      Set<Key> present = new HashSet<>();
      all.forEach(peer -> present.add(Key.of(peer)));
      misses.keySet().retainAll(present);
      for (Peer peer : asked) {
        int before = misses.getOrDefault(Key.of(peer), 0);
        int now = answered.contains(peer.podCidr().address()) ? 0 : Math.min(before + 1, MISSES);
        misses.put(Key.of(peer), now);
        if (now == MISSES && before < MISSES) {
          lost.add(peer);
        } else if (now == 0 && before == MISSES) {
          back.add(peer);
        }
      }
    }
    return new Changes(lost, back);
  }

  /** Those that were silent, but not for long enough. */
  List<Peer> doubtful(Collection<Peer> peers) {
    List<Peer> some = new ArrayList<>();
    synchronized (lock) {
      for (Peer peer : peers) {
        int count = misses.getOrDefault(Key.of(peer), 0);
        if (count > 0 && count < MISSES) {
          some.add(peer);
        }
      }
    }
    return some;
  }

  /** Whether each peer that was asked is reachable, for Prometheus. */
  String metrics() {
    StringBuilder text = new StringBuilder();
    synchronized (lock) {
      misses.entrySet().stream()
          .sorted(Comparator.comparing(entry -> entry.getKey().node()))
          .forEach(
              entry ->
                  text.append(
                      "k3s_overlay_peer_reachable{node=\"%s\",tunnel=\"%s\"} %d%n"
                          .formatted(
                              entry.getKey().node(),
                              entry.getKey().tunnel().getHostAddress(),
                              entry.getValue() < MISSES ? 1 : 0)));
    }
    return text.isEmpty() ? "" : "# TYPE k3s_overlay_peer_reachable gauge\n" + text;
  }
}
