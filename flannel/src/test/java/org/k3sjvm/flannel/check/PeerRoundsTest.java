package org.k3sjvm.flannel.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.lease.Peer;
import org.k3sjvm.linux.echo.RollCall;

class PeerRoundsTest {
  private final Calls calls = new Calls();
  private final List<String> news = new ArrayList<>();
  private final List<Duration> pauses = new ArrayList<>();
  private final Set<String> notReady = new HashSet<>();
  private List<Peer> peers = List.of(peer(2), peer(3));

  @Test
  void isQuietWhileAllAnswer() throws Exception {
    PeerRounds rounds = run(3, _ -> {});

    assertThat(news).isEmpty();
    assertThat(pauses)
        .allSatisfy(
            pause -> assertThat(pause).isBetween(Duration.ofSeconds(54), Duration.ofSeconds(66)));
    assertThat(calls.asked).containsOnly(Set.of(tunnel(2), tunnel(3))).hasSize(3);
    assertThat(rounds.metrics())
        .isEqualTo(
            """
            # TYPE k3s_overlay_peer_reachable gauge
            k3s_overlay_peer_reachable{node="n2",tunnel="10.42.2.0"} 1
            k3s_overlay_peer_reachable{node="n3",tunnel="10.42.3.0"} 1
            """);
  }

  @Test
  void tellsOnceWhenAPeerIsLostAndOnceWhenItIsBack() throws Exception {
    PeerRounds rounds =
        run(
            10,
            round -> {
              calls.silent = round >= 1 && round < 6 ? Set.of(tunnel(2)) : Set.of();
            });

    assertThat(news)
        .containsExactly(
            "warning OverlayPeerUnreachable Pods on n2 (10.42.2.0/24) cannot be reached through the"
                + " pod network, though Ready; run 'k3s check-network' on this node",
            "normal OverlayPeerReachable Pods on n2 (10.42.2.0/24) can be reached through the pod"
                + " network");
    assertThat(pauses.subList(2, 4)).containsOnly(PeerRounds.SOON);
    assertThat(calls.asked.get(2)).as("only who was silent").containsExactly(tunnel(2));
    assertThat(pauses.get(4)).as("then patience again").isGreaterThan(PeerRounds.SOON);
    assertThat(rounds.metrics()).contains("{node=\"n2\",tunnel=\"10.42.2.0\"} 1");
  }

  @Test
  void aLostPacketIsNoOutage() throws Exception {
    run(6, round -> calls.silent = round % 3 == 2 ? Set.of() : Set.of(tunnel(3)));

    assertThat(news).isEmpty();
  }

  @Test
  void aNodeThatIsNotReadyIsNotAskedAndStaysWhatItWas() throws Exception {
    run(
        9,
        round -> {
          calls.silent = round < 5 ? Set.of(tunnel(2)) : Set.of();
          if (round == 4) {
            notReady.add("n2");
          } else if (round == 7) {
            notReady.clear();
          }
        });

    assertThat(calls.asked.subList(4, 7)).containsOnly(Set.of(tunnel(3)));
    assertThat(news).hasSize(2);
    assertThat(news.getLast()).startsWith("normal OverlayPeerReachable Pods on n2");
  }

  @Test
  void aNodeThatIsGoneIsForgotten() throws Exception {
    PeerRounds rounds = run(4, round -> peers = round < 2 ? peers : List.of(peer(3)));

    assertThat(calls.asked.getLast()).containsExactly(tunnel(3));
    assertThat(rounds.metrics()).doesNotContain("n2");
  }

  @Test
  void asksAFewAtATimeInALargeCluster() throws Exception {
    peers = IntStream.range(2, 152).mapToObj(PeerRoundsTest::peer).toList();
    run(3, _ -> {});

    assertThat(calls.asked).allSatisfy(asked -> assertThat(asked).hasSize(64));
    assertThat(calls.asked.stream().flatMap(Set::stream).distinct()).hasSize(150);
  }

  @Test
  void manyLostPeersMakeOneEvent() throws Exception {
    peers = IntStream.range(2, 12).mapToObj(PeerRoundsTest::peer).toList();
    calls.silent = Set.copyOf(peers.stream().map(peer -> peer.podCidr().address()).toList());
    run(3, _ -> {});

    assertThat(news).singleElement().asString().contains("and 5 more cannot be reached");
  }

  private PeerRounds run(int count, IntConsumer before) {
    PeerRounds rounds =
        new PeerRounds(
            this::known,
            calls,
            (warning, reason, message) ->
                news.add((warning ? "warning " : "normal ") + reason + " " + message),
            pause -> {
              pauses.add(pause);
              if (pauses.size() > count) {
                throw new InterruptedException();
              }
              before.accept(pauses.size() - 1);
            },
            new Random(1));
    assertThatThrownBy(rounds::run).isInstanceOf(InterruptedException.class);
    return rounds;
  }

  private PeerRounds.Known known() {
    return new PeerRounds.Known(
        peers,
        peers.stream()
            .map(Peer::node)
            .filter(node -> !notReady.contains(node))
            .collect(Collectors.toSet()));
  }

  private static Peer peer(int number) {
    return new Peer(
        "n" + number,
        Cidr.parse("10.42." + number + ".0/24"),
        IpAddresses.parse("192.168.77." + number),
        Optional.empty());
  }

  private static InetAddress tunnel(int number) {
    return peer(number).podCidr().address();
  }

  private static final class Calls implements RollCall {
    private final List<Set<InetAddress>> asked = new ArrayList<>();
    private Set<InetAddress> silent = Set.of();

    @Override
    public Set<InetAddress> answering(Collection<InetAddress> targets, Duration limit) {
      asked.add(Set.copyOf(targets));
      Set<InetAddress> answered = new HashSet<>(targets);
      answered.removeAll(silent);
      return answered;
    }

    @Override
    public void close() {}
  }
}
