package org.k3sjvm.flannel.check;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.flannel.lease.Peer;
import org.k3sjvm.linux.echo.RollCall;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks peers once a minute through the tunnel whether they are there: one small packet each, and
 * two wake-ups of this host for all of them. In a large cluster each round asks the next few.
 */
public final class PeerRounds implements Service {
  private static final Logger log = LoggerFactory.getLogger(PeerRounds.class);

  static final Duration PERIOD = Duration.ofMinutes(1);

  /** After silence, so that an outage is told within half a minute after it was noticed. */
  static final Duration SOON = Duration.ofSeconds(5);

  static final int MOST_AT_ONCE = 64;

  private static final Duration PATIENCE = Duration.ofSeconds(1);
  private static final double JITTER = 0.2;
  private static final int NAMED = 5;

  private final Supplier<Known> peers;
  private final RollCall calls;
  private final PeerNews news;
  private final Sleeper sleeper;
  private final RandomGenerator random;
  private final PeerHealth health = new PeerHealth();
  private int next;

  /**
   * The peers as of now.
   *
   * @param readyNodes names; the others are not asked
   */
  public record Known(List<Peer> all, Set<String> readyNodes) {
    public Known {
      all = List.copyOf(all);
      readyNodes = Set.copyOf(readyNodes);
    }

    List<Peer> ready() {
      return all.stream().filter(peer -> readyNodes.contains(peer.node())).toList();
    }
  }

  public PeerRounds(
      Supplier<Known> peers,
      RollCall calls,
      PeerNews news,
      Sleeper sleeper,
      RandomGenerator random) {
    this.peers = peers;
    this.calls = calls;
    this.news = news;
    this.sleeper = sleeper;
    this.random = random;
  }

  @Override
  public void run() throws InterruptedException {
    while (true) {
      sleeper.sleep(pause());
      round();
    }
  }

  /** Whether each peer that was asked is reachable, for Prometheus. */
  public String metrics() {
    return health.metrics();
  }

  private Duration pause() {
    if (!health.doubtful(peers.get().ready()).isEmpty()) {
      return SOON;
    }
    double factor = 1 - JITTER / 2 + JITTER * random.nextDouble();
    return Duration.ofMillis((long) (PERIOD.toMillis() * factor));
  }

  private void round() throws InterruptedException {
    Known known = peers.get();
    List<Peer> doubtful = health.doubtful(known.ready());
    List<Peer> asked = doubtful.isEmpty() ? nextOf(known.ready()) : doubtful;
    if (asked.isEmpty()) {
      return;
    }
    Set<InetAddress> answered =
        calls.answering(asked.stream().map(peer -> peer.podCidr().address()).toList(), PATIENCE);
    PeerHealth.Changes changes = health.on(known.all(), asked, answered);
    if (!changes.lost().isEmpty()) {
      tell(
          true,
          "OverlayPeerUnreachable",
          changes.lost(),
          "cannot be reached through the pod network, though Ready; run 'k3s check-network' on this"
              + " node");
    }
    if (!changes.back().isEmpty()) {
      tell(false, "OverlayPeerReachable", changes.back(), "can be reached through the pod network");
    }
  }

  private List<Peer> nextOf(List<Peer> ready) {
    List<Peer> sorted =
        ready.stream()
            .sorted(
                Comparator.comparing(Peer::node)
                    .thenComparing(peer -> peer.podCidr().address().getHostAddress()))
            .toList();
    if (sorted.size() <= MOST_AT_ONCE) {
      return sorted;
    }
    List<Peer> some = new ArrayList<>(MOST_AT_ONCE);
    for (int i = 0; i < MOST_AT_ONCE; i++) {
      some.add(sorted.get((next + i) % sorted.size()));
    }
    next = (next + MOST_AT_ONCE) % sorted.size();
    return some;
  }

  private void tell(boolean warning, String reason, List<Peer> about, String message) {
    String names =
        about.stream()
            .limit(NAMED)
            .map(peer -> peer.node() + " (" + peer.podCidr() + ")")
            .collect(Collectors.joining(", "));
    String more = about.size() > NAMED ? " and " + (about.size() - NAMED) + " more" : "";
    news.tell(warning, reason, "Pods on " + names + more + " " + message);
    (warning ? log.atWarn() : log.atInfo())
        .addKeyValue("nodes", names + more)
        .log(warning ? "peers are not reached through the tunnel" : "peers are reached again");
  }
}
