package org.k3sjvm.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.net.ForwardingEntry;
import org.k3sjvm.linux.net.InterfaceAddress;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.net.Neighbour;
import org.k3sjvm.linux.net.Route;
import org.k3sjvm.linux.net.VxlanSettings;

/** Byte for byte what flannel sends for the same wishes, sequence number zero. */
class GoldenMessagesTest {
  private static final MacAddress OWN = MacAddress.parse("02:11:11:11:11:11");
  private static final MacAddress PEER = MacAddress.parse("02:22:22:22:22:22");

  @BeforeEach
  void onlyWhereTheFixturesByteOrderHolds() {
    assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void createsTheIpv4Device() {
    assertThat(hex(LinkMessages.createVxlan("flannel.1", OWN, 1450, settings("192.168.77.11"))))
        .isEqualTo(
            expected(
                "c0000000 10000506 00000000 00000000 00000000 00000000 00000000 00000000"
                    + " 0e000300 666c616e6e656c2e31000000 08000400 aa050000 08000d00 00000000"
                    + " 0a000100 0211111111110000 74001200 09000100 76786c616e000000 64000200"
                    + " 08000100 01000000 08000300 02000000 08000400 c0a84d0b 05000500 00000000"
                    + " 05000600 00000000 05000700 00000000 05000b00 00000000 05000c00 00000000"
                    + " 05000d00 00000000 05000e00 00000000 05001300 00000000 05001400 00000000"));
  }

  @Test
  void createsTheIpv6Device() {
    byte[] message = LinkMessages.createVxlan("flannel-v6.1", OWN, 1450, settings("fd77::11"));

    assertThat(message).hasSize(208);
    assertThat(hex(message)).contains("14001100fd770000000000000000000000000011");
  }

  @Test
  void addsTheAddress() {
    assertThat(hex(AddressMessages.add(InterfaceAddress.of(5, ip("10.42.1.0"), 32))))
        .isEqualTo(
            expected(
                "28000000 14000506 00000000 00000000 02200000 05000000"
                    + " 08000200 0a2a0100 08000100 0a2a0100"));
  }

  @Test
  void switchesTheDeviceOn() {
    assertThat(hex(LinkMessages.setUp(5)))
        .isEqualTo(
            expected("20000000 10000500 00000000 00000000 00000000 05000000 01000000 01000000"));
  }

  @Test
  void setsTheThreeEntriesOfAPeer() {
    assertThat(hex(NeighbourMessages.replace(new Neighbour(5, ip("10.42.2.0"), PEER))))
        .isEqualTo(
            expected(
                "30000000 1c000505 00000000 00000000 02000000 05000000 80000001"
                    + " 08000100 0a2a0200 0a000200 0222222222220000"));
    assertThat(hex(NeighbourMessages.replace(new ForwardingEntry(5, PEER, ip("192.168.77.12")))))
        .isEqualTo(
            expected(
                "30000000 1c000505 00000000 00000000 07000000 05000000 80000200"
                    + " 08000100 c0a84d0c 0a000200 0222222222220000"));
    assertThat(
            hex(
                RouteMessages.replace(
                    new Route(Cidr.parse("10.42.2.0/24"), Optional.of(ip("10.42.2.0")), 5, true))))
        .isEqualTo(
            expected(
                "34000000 18000505 00000000 00000000 02180000 fe030001 04000000"
                    + " 08000100 0a2a0200 08000500 0a2a0200 08000400 05000000"));
  }

  private static VxlanSettings settings(String local) {
    return new VxlanSettings(1, 2, Optional.of(ip(local)), Optional.empty(), 0, false, false);
  }

  private static InetAddress ip(String text) {
    return IpAddresses.parse(text);
  }

  private static String hex(byte[] message) {
    return HexFormat.of().formatHex(message);
  }

  private static String expected(String spaced) {
    return spaced.replace(" ", "");
  }
}
