package org.k3sjvm.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.wireguard.PublicKey;
import org.k3sjvm.linux.wireguard.SecretKey;
import org.k3sjvm.linux.wireguard.WireGuardChange;
import org.k3sjvm.linux.wireguard.WireGuardDevice;
import org.k3sjvm.linux.wireguard.WireGuardDevice.PeerState;
import org.k3sjvm.linux.wireguard.WireGuardPeer;

/** Byte for byte as linux/wireguard.h and linux/genetlink.h have it, sequence number zero. */
class WireGuardMessagesTest {
  private static final int FAMILY = 28;
  private static final String ONES = "01".repeat(32);
  private static final String TWOS = "02".repeat(32);
  private static final String NO_KEY = "00".repeat(32);
  private static final WireGuardPeer PEER =
      peer(TWOS, Optional.of("192.168.77.12:51820"), "10.42.2.0/24");

  @BeforeEach
  void onlyWhereTheFixturesByteOrderHolds() {
    assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void asksForTheNumberOfTheFamily() {
    assertThat(hex(GenericMessages.findFamily("wireguard")))
        .isEqualTo(
            expected(
                "24000000 10000500 00000000 00000000 03010000"
                    + " 0e000200 776972656775617264000000"));
    assertThat(
            GenericMessages.parseFamily(
                message("00000000 00000000 00000000 00000000 01020000 06000100 1c000000")))
        .isEqualTo(28);
  }

  @Test
  void makesTheInterface() {
    assertThat(hex(LinkMessages.createWireGuard("flannel-wg", 1420)))
        .isEqualTo(
            expected(
                "54000000 10000506 00000000 00000000 00000000 00000000 00000000 00000000"
                    + " 0f000300 666c616e6e656c2d77670000 08000400 8c050000 08000d00 00000000"
                    + " 14001200 0d000100 776972656775617264000000"));
  }

  @Test
  void setsTheInterfacesKeyAndPort() {
    WireGuardChange change =
        new WireGuardChange(
            Optional.of(secret(ONES)), OptionalInt.of(51820), true, List.of(), List.of());

    assertThat(hex(WireGuardMessages.set(FAMILY, 5, change).getFirst()))
        .isEqualTo(
            expected(
                "50000000 1c000500 00000000 00000000 01010000 08000100 05000000"
                    + (" 24000300" + ONES)
                    + " 08000500 01000000 06000600 6cca0000"));
  }

  @Test
  void setsAPeerAndRemovesAnother() {
    WireGuardChange change = WireGuardChange.ofPeers(List.of(PEER), List.of(publicKey(ONES)));

    assertThat(WireGuardMessages.set(FAMILY, 5, change)).hasSize(1);
    assertThat(hex(WireGuardMessages.set(FAMILY, 5, change).getFirst()))
        .isEqualTo(
            expected(
                "e0000000 1c000500 00000000 00000000 01010000 08000100 05000000"
                    + " c4000880 90000080"
                    + (" 24000100" + TWOS)
                    + (" 24000200" + NO_KEY)
                    + " 08000300 02000000 14000400 0200ca6c c0a84d0c 0000000000000000"
                    + " 06000500 19000000"
                    + " 20000980 1c000080 06000100 02000000 08000200 0a2a0200 05000300 18000000"
                    + " 30000080"
                    + (" 24000100" + ONES)
                    + " 08000300 01000000"));
  }

  @Test
  void namesAnIpv6EndpointAndNetwork() {
    WireGuardPeer peer = peer(TWOS, Optional.of("[fd77::12]:51821"), "2001:cafe:42:2::/64");

    assertThat(
            hex(
                WireGuardMessages.set(FAMILY, 5, WireGuardChange.ofPeers(List.of(peer), List.of()))
                    .getFirst()))
        .contains(expected("20000400 0a00ca6d 00000000 fd770000000000000000000000000012 00000000"))
        .contains(
            expected("06000100 0a000000 14000200 2001cafe004200020000000000000000 05000300 40"));
  }

  @Test
  void leavesTheEndpointOfAPeerThatHasNone() {
    WireGuardPeer peer = peer(TWOS, Optional.empty(), "10.42.2.0/24");

    assertThat(
            hex(
                WireGuardMessages.set(FAMILY, 5, WireGuardChange.ofPeers(List.of(peer), List.of()))
                    .getFirst()))
        .doesNotContain("14000400");
  }

  @Test
  void splitsManyPeersOverMessagesOfWhichOnlyTheFirstReplaces() {
    List<WireGuardPeer> peers =
        IntStream.range(0, 1000)
            .mapToObj(
                i ->
                    peer(
                        "%064x".formatted(i + 1),
                        Optional.of("192.168.77.12:51820"),
                        "10.%d.%d.0/24".formatted(i / 256, i % 256)))
            .toList();
    WireGuardChange change =
        new WireGuardChange(
            Optional.of(secret(ONES)), OptionalInt.of(51820), true, peers, List.of());

    List<byte[]> messages = WireGuardMessages.set(FAMILY, 5, change);

    assertThat(messages).hasSizeGreaterThan(1).allMatch(m -> m.length <= 16 << 10);
    assertThat(hex(messages.getFirst())).contains("0800050001000000").contains("24000300" + ONES);
    assertThat(messages.stream().skip(1).map(WireGuardMessagesTest::hex))
        .allMatch(m -> m.contains("0800010005000000"))
        .noneMatch(m -> m.contains("0800050001000000") || m.contains("24000300" + ONES));
    assertThat(
            WireGuardMessages.parse(messages.stream().map(WireGuardMessagesTest::buffer).toList())
                .peers())
        .extracting(PeerState::settings)
        .containsExactlyElementsOf(peers);
  }

  @Test
  void readsADeviceThatIsToldInParts() {
    String header = "00000000 00000000 00000000 00000000 00010000 08000100 05000000";
    String first =
        (" 24000100" + TWOS)
            + (" 24000200" + NO_KEY)
            + " 14000600 e803000000000000 0000000000000000"
            + " 14000400 0200ca6c c0a84d0c 0000000000000000"
            + " 06000500 19000000 0c000800 0900000000000000 0c000700 0700000000000000"
            + " 20000980 1c000080 05000300 18000000 06000100 02000000 08000200 0a2a0200";
    String rest =
        (" 24000100" + TWOS)
            + " 2c000980 28000080 05000300 40000000 06000100 0a000000"
            + " 14000200 2001cafe004200020000000000000000";

    WireGuardDevice device =
        WireGuardMessages.parse(
            List.of(
                message(
                    header + (" 24000300" + ONES) + " 06000600 6cca0000 b8000880 b4000080" + first),
                message(header + " 58000880 54000080" + rest)));

    assertThat(device)
        .isEqualTo(
            new WireGuardDevice(
                Optional.of(secret(ONES)),
                51820,
                List.of(
                    new PeerState(
                        peer(
                            TWOS,
                            Optional.of("192.168.77.12:51820"),
                            "10.42.2.0/24",
                            "2001:cafe:42:2::/64"),
                        Optional.of(Instant.ofEpochSecond(1000)),
                        7,
                        9))));
  }

  @Test
  void readsADeviceThatWasGivenNothing() {
    assertThat(
            WireGuardMessages.parse(
                List.of(
                    message(
                        "00000000 00000000 00000000 00000000 00010000 24000300"
                            + NO_KEY
                            + " 06000600 00000000"))))
        .isEqualTo(new WireGuardDevice(Optional.empty(), 0, List.of()));
  }

  @Test
  void getsADevice() {
    assertThat(hex(WireGuardMessages.get(FAMILY, 5)))
        .isEqualTo(expected("1c000000 1c000103 00000000 00000000 00010000 08000100 05000000"));
  }

  private static WireGuardPeer peer(String key, Optional<String> endpoint, String... networks) {
    return new WireGuardPeer(
        publicKey(key),
        Optional.empty(),
        endpoint.map(WireGuardMessagesTest::endpoint),
        25,
        Set.of(networks).stream().map(Cidr::parse).collect(Collectors.toSet()));
  }

  private static InetSocketAddress endpoint(String text) {
    int colon = text.lastIndexOf(':');
    return new InetSocketAddress(
        IpAddresses.parse(text.substring(0, colon).replaceAll("[\\[\\]]", "")),
        Integer.parseInt(text.substring(colon + 1)));
  }

  private static PublicKey publicKey(String hex) {
    return PublicKey.of(HexFormat.of().parseHex(hex));
  }

  private static SecretKey secret(String hex) {
    return SecretKey.of(HexFormat.of().parseHex(hex));
  }

  private static ByteBuffer message(String spaced) {
    return buffer(HexFormat.of().parseHex(expected(spaced)));
  }

  private static ByteBuffer buffer(byte[] message) {
    return ByteBuffer.wrap(message).order(ByteOrder.nativeOrder());
  }

  private static String hex(byte[] message) {
    return HexFormat.of().formatHex(message);
  }

  private static String expected(String spaced) {
    return spaced.replace(" ", "");
  }
}
