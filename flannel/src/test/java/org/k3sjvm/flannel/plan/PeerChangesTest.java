package org.k3sjvm.flannel.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.wireguard.PublicKey;
import org.k3sjvm.linux.wireguard.WireGuardChange;
import org.k3sjvm.linux.wireguard.WireGuardDevice.PeerState;
import org.k3sjvm.linux.wireguard.WireGuardPeer;

class PeerChangesTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final Optional<Instant> HEARD = Optional.of(NOW.minusSeconds(170));
  private static final Optional<Instant> SILENT = Optional.of(NOW.minusSeconds(190));
  private static final PublicKey KEY = PublicKey.of(new byte[PublicKey.BYTES]);
  private static final String SAID = "192.168.77.12";
  private static final String SEEN = "203.0.113.7";

  @Test
  void leavesAPeerAloneThatIsAsWanted() {
    assertThat(change(state(peer(SAID, "10.42.2.0/24"), SILENT), peer(SAID, "10.42.2.0/24"), SAID))
        .isEqualTo(WireGuardChange.ofPeers(List.of(), List.of()));
  }

  @Test
  void addsAPeerThatIsMissingAndRemovesOneTooMany() {
    WireGuardPeer wanted = peer(SAID, "10.42.2.0/24");

    assertThat(PeerChanges.between(List.of(), List.of(wanted), Map.of(), NOW))
        .isEqualTo(WireGuardChange.ofPeers(List.of(wanted), List.of()));
    WireGuardChange removal =
        PeerChanges.between(List.of(state(wanted, HEARD)), List.of(), Map.of(), NOW);
    assertThat(removal).isEqualTo(WireGuardChange.ofPeers(List.of(), List.of(KEY)));
    assertThat(PeerChanges.withoutRemovals(removal).remove()).isEmpty();
  }

  @Test
  void sendsToWhereAPeerIsHeardFromWhateverItSays() {
    assertThat(change(state(peer(SEEN, "10.42.2.0/24"), HEARD), peer(SAID, "10.42.2.0/24"), SAID))
        .as("behind NAT")
        .isEqualTo(WireGuardChange.ofPeers(List.of(), List.of()));
    assertThat(
            PeerChanges.between(
                List.of(state(peer(SEEN, "10.42.2.0/24"), HEARD)),
                List.of(peer(SAID, "10.42.2.0/24")),
                Map.of(),
                NOW))
        .as("of an earlier run")
        .isEqualTo(WireGuardChange.ofPeers(List.of(), List.of()));
  }

  @Test
  void changesTheNetworksOfAPeerBehindNatWithoutMovingIt() {
    assertThat(change(state(peer(SEEN, "10.42.2.0/24"), HEARD), peer(SAID, "10.42.3.0/24"), SAID))
        .isEqualTo(
            WireGuardChange.ofPeers(List.of(peer(Optional.empty(), "10.42.3.0/24")), List.of()));
  }

  @Test
  void followsAPeerThatSaysSomethingNew() {
    WireGuardPeer moved = peer("192.168.77.92", "10.42.2.0/24");

    assertThat(change(state(peer(SAID, "10.42.2.0/24"), HEARD), moved, SAID))
        .isEqualTo(WireGuardChange.ofPeers(List.of(moved), List.of()));
  }

  @Test
  void returnsToWhatAPeerSaysWhenItIsSilentElsewhere() {
    WireGuardPeer wanted = peer(SAID, "10.42.2.0/24");

    assertThat(change(state(peer(SEEN, "10.42.2.0/24"), SILENT), wanted, SAID))
        .isEqualTo(WireGuardChange.ofPeers(List.of(wanted), List.of()));
    assertThat(change(state(peer(SEEN, "10.42.2.0/24"), Optional.empty()), wanted, SAID).set())
        .containsExactly(wanted);
  }

  private static WireGuardChange change(PeerState found, WireGuardPeer wanted, String told) {
    return PeerChanges.between(List.of(found), List.of(wanted), Map.of(KEY, endpoint(told)), NOW);
  }

  private static PeerState state(WireGuardPeer peer, Optional<Instant> lastHandshake) {
    return new PeerState(peer, lastHandshake, 1, 1);
  }

  private static WireGuardPeer peer(String address, String network) {
    return peer(Optional.of(endpoint(address)), network);
  }

  private static WireGuardPeer peer(Optional<InetSocketAddress> endpoint, String network) {
    return new WireGuardPeer(KEY, Optional.empty(), endpoint, 25, Set.of(Cidr.parse(network)));
  }

  private static InetSocketAddress endpoint(String address) {
    return new InetSocketAddress(IpAddresses.parse(address), 51820);
  }
}
