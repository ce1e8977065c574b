package org.k3sjvm.linux.wireguard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.wireguard.WireGuardDevice.PeerState;

/** What callers may rely on, of the kernel and of the fake alike. */
abstract class WireGuardContract {
  private static final SecretKey OWN = SecretKey.generate(new SecureRandom());
  private static final PublicKey ONE = SecretKey.generate(new SecureRandom()).publicKey();
  private static final PublicKey TWO = SecretKey.generate(new SecureRandom()).publicKey();

  abstract HostNetwork network();

  abstract WireGuard wireGuard();

  @Test
  void keepsTheKeyAndThePort() {
    int link = device();
    assertThat(wireGuard().device(link).privateKey()).isEmpty();

    wireGuard().change(link, WireGuardChange.ofDevice(OWN, 51820));

    assertThat(wireGuard().device(link))
        .isEqualTo(new WireGuardDevice(Optional.of(OWN), 51820, List.of()));
  }

  @Test
  void setsChangesAndRemovesPeers() {
    int link = device();
    wireGuard().change(link, WireGuardChange.ofDevice(OWN, 51820));
    WireGuardPeer one = peer(ONE, "10.42.1.0/24", "2001:cafe:42:1::/64");
    WireGuardPeer two = peer(TWO, "10.42.2.0/24");

    wireGuard().change(link, WireGuardChange.ofPeers(List.of(one, two), List.of()));
    assertThat(peers(link)).containsExactlyInAnyOrder(one, two);

    WireGuardPeer changed = peer(ONE, "10.42.1.0/24");
    wireGuard().change(link, WireGuardChange.ofPeers(List.of(changed), List.of(TWO)));
    assertThat(peers(link)).containsExactly(changed);

    wireGuard().change(link, WireGuardChange.ofPeers(List.of(), List.of(TWO)));
    assertThat(peers(link)).as("what is gone stays gone").containsExactly(changed);
  }

  @Test
  void movesANetworkFromOnePeerToAnother() {
    int link = device();
    wireGuard()
        .change(link, WireGuardChange.ofPeers(List.of(peer(ONE, "10.42.1.0/24")), List.of()));

    wireGuard()
        .change(link, WireGuardChange.ofPeers(List.of(peer(TWO, "10.42.1.0/24")), List.of(ONE)));

    assertThat(peers(link)).containsExactly(peer(TWO, "10.42.1.0/24"));
  }

  @Test
  void passesOverAPeerWithTheInterfacesOwnKey() {
    int link = device();
    wireGuard().change(link, WireGuardChange.ofDevice(OWN, 51820));

    wireGuard()
        .change(
            link,
            WireGuardChange.ofPeers(List.of(peer(OWN.publicKey(), "10.42.1.0/24")), List.of()));

    assertThat(peers(link)).isEmpty();
  }

  @Test
  void takesMorePeersThanFitIntoOneMessage() {
    int link = device();
    List<WireGuardPeer> many =
        IntStream.range(0, 300)
            .mapToObj(
                i ->
                    peer(
                        PublicKey.of(ByteBuffer.allocate(PublicKey.BYTES).putInt(i + 1).array()),
                        "10.%d.%d.0/24".formatted(i / 256, i % 256)))
            .toList();

    wireGuard().change(link, WireGuardChange.ofPeers(many, List.of()));

    assertThat(peers(link)).containsExactlyInAnyOrderElementsOf(many);
  }

  @Test
  void saysThatALinkIsMissing() {
    assertThatThrownBy(() -> wireGuard().device(4711)).isInstanceOf(LinuxException.NotFound.class);
  }

  private int device() {
    network().createWireGuard("wg-test", 1420);
    return network().link("wg-test").map(Link::index).orElseThrow();
  }

  private List<WireGuardPeer> peers(int link) {
    return wireGuard().device(link).peers().stream().map(PeerState::settings).toList();
  }

  private static WireGuardPeer peer(PublicKey key, String... networks) {
    return new WireGuardPeer(
        key,
        Optional.of(OWN),
        Optional.of(new InetSocketAddress(IpAddresses.parse("192.168.77.12"), 51820)),
        25,
        Set.of(networks).stream().map(Cidr::parse).collect(Collectors.toSet()));
  }
}
