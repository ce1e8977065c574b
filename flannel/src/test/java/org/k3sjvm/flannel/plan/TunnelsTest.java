package org.k3sjvm.flannel.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.Nodes;
import org.k3sjvm.flannel.backend.WireguardOptions;
import org.k3sjvm.flannel.backend.WireguardOptions.Mode;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.lease.NodeLease;
import org.k3sjvm.linux.wireguard.PublicKey;
import org.k3sjvm.linux.wireguard.WireGuardPeer;

class TunnelsTest {
  private static final String PREFIX = "flannel.alpha.coreos.com/";
  private static final PublicKey OWN = key(1);
  private static final PublicKey TWO = key(2);
  private static final PublicKey THREE = key(3);

  @Test
  void sendsAFamilysPodsToThePeersAddressOfThatFamily() {
    Tunnels four =
        Tunnels.of(
            leases(dual("192.168.77.12", "fd77::12")),
            own(Map.of(Family.IPV4, Cidr.parse("10.42.1.0/24"))),
            WireguardOptions.DEFAULT);
    Tunnels six =
        Tunnels.of(
            leases(dual("192.168.77.12", "fd77::12")),
            own(Map.of(Family.IPV6, Cidr.parse("2001:cafe:42:1::/64"))),
            WireguardOptions.DEFAULT);

    assertThat(four.peers()).containsExactly(peer(TWO, "192.168.77.12", 51820, "10.42.2.0/24"));
    assertThat(six.peers()).containsExactly(peer(TWO, "fd77::12", 51821, "2001:cafe:42:2::/64"));
  }

  @ParameterizedTest
  @CsvSource({
    "auto, 192.168.77.12, fd77::12, 192.168.77.11, fd77::11, 192.168.77.12",
    "auto, 203.0.113.12, 2001:db8::12, 192.168.77.11, 2001:db8::11, 203.0.113.12",
    "auto, 192.168.77.12, 2001:db8::12, 192.168.77.11, 2001:db8::11, 2001:db8::12",
    "auto, 192.168.77.12, 2001:db8::12, 192.168.77.11, fd77::11, 192.168.77.12",
    "ipv4, 192.168.77.12, 2001:db8::12, 192.168.77.11, 2001:db8::11, 192.168.77.12",
    "ipv6, 203.0.113.12, fd77::12, 192.168.77.11, fd77::11, fd77::12"
  })
  void choosesOneWayForBothFamilies(
      String mode, String peerFour, String peerSix, String ownFour, String ownSix, String way) {
    Tunnels.Own own =
        new Tunnels.Own(
            "n1",
            OWN,
            Map.of(
                Family.IPV4, Cidr.parse("10.42.1.0/24"),
                Family.IPV6, Cidr.parse("2001:cafe:42:1::/64")),
            networks(),
            Map.of(Family.IPV4, ip(ownFour), Family.IPV6, ip(ownSix)));

    Tunnels tunnels = Tunnels.of(leases(dual(peerFour, peerSix)), own, options(Mode.of(mode)));

    assertThat(tunnels.doubts()).isEmpty();
    assertThat(tunnels.peers())
        .as("the one interface of the peer has the port that it says for IPv4")
        .containsExactly(peer(TWO, way, 51820, "10.42.2.0/24", "2001:cafe:42:2::/64"));
  }

  @Test
  void takesItsOwnPortForAPeerThatSaysNone() {
    Node old = Nodes.wireguard("n2", "10.42.2.0/24", "192.168.77.12", TWO);
    old.getMetadata()
        .getAnnotations()
        .put(PREFIX + "backend-data", "{\"PublicKey\":\"" + TWO + "\"}");

    assertThat(four(old).peers())
        .containsExactly(peer(TWO, "192.168.77.12", 51820, "10.42.2.0/24"));
  }

  @Test
  void leavesOutNodesOfOtherBackendsAndThoseWithoutAKey() {
    Node unreadable = Nodes.wireguard("n3", "10.42.3.0/24", "192.168.77.13", THREE);
    unreadable.getMetadata().getAnnotations().put(PREFIX + "backend-data", "null");

    assertThat(
            four(
                    Nodes.vxlan("n2", "10.42.2.0/24", "192.168.77.12", "02:22:22:22:22:22"),
                    unreadable)
                .peers())
        .isEmpty();
  }

  @Test
  void givesAKeyThatTwoNodesHaveToTheNewerOneAndSaysSo() {
    Node older = Nodes.wireguard("n3", "10.42.3.0/24", "192.168.77.13", TWO);
    Node newer = Nodes.wireguard("n2", "10.42.2.0/24", "192.168.77.12", TWO);
    newer.getMetadata().setCreationTimestamp("2026-02-01T00:00:00Z");

    Tunnels tunnels = four(newer, older);

    assertThat(tunnels.peers()).containsExactly(peer(TWO, "192.168.77.12", 51820, "10.42.2.0/24"));
    assertThat(tunnels.doubts())
        .singleElement()
        .asString()
        .startsWith("nodes n3 and n2 have the same WireGuard key");
  }

  @Test
  void takesNobodyWithItsOwnKeyForAPeer() {
    Tunnels tunnels = four(Nodes.wireguard("n2", "10.42.2.0/24", "192.168.77.12", OWN));

    assertThat(tunnels.peers()).isEmpty();
    assertThat(tunnels.doubts())
        .singleElement()
        .asString()
        .startsWith("nodes n1 and n2 have the same WireGuard key");
  }

  private static Tunnels four(Node... nodes) {
    return Tunnels.of(
        leases(nodes),
        own(Map.of(Family.IPV4, Cidr.parse("10.42.1.0/24"))),
        WireguardOptions.DEFAULT);
  }

  private static Node dual(String four, String six) {
    Node node = Nodes.bare("n2", "10.42.2.0/24", "2001:cafe:42:2::/64");
    node.getMetadata()
        .setAnnotations(
            Map.of(
                PREFIX + "kube-subnet-manager",
                "true",
                PREFIX + "backend-type",
                "wireguard",
                PREFIX + "backend-data",
                "{\"PublicKey\":\"" + TWO + "\",\"Port\":51820}",
                PREFIX + "backend-v6-data",
                "{\"PublicKey\":\"" + TWO + "\",\"Port\":51821}",
                PREFIX + "public-ip",
                four,
                PREFIX + "public-ipv6",
                six));
    return node;
  }

  private static Tunnels.Own own(Map<Family, Cidr> subnets) {
    return new Tunnels.Own(
        "n1",
        OWN,
        subnets,
        networks(),
        Map.of(Family.IPV4, ip("192.168.77.11"), Family.IPV6, ip("fd77::11")));
  }

  private static Map<Family, Cidr> networks() {
    return Map.of(
        Family.IPV4, Cidr.parse("10.42.0.0/16"), Family.IPV6, Cidr.parse("2001:cafe:42::/56"));
  }

  private static WireguardOptions options(Mode mode) {
    return new WireguardOptions(mode, 51820, 51821, OptionalInt.empty(), Optional.empty(), 25);
  }

  private static WireGuardPeer peer(PublicKey key, String address, int port, String... networks) {
    return new WireGuardPeer(
        key,
        Optional.empty(),
        Optional.of(new InetSocketAddress(ip(address), port)),
        25,
        Set.copyOf(Arrays.stream(networks).map(Cidr::parse).toList()));
  }

  private static List<NodeLease> leases(Node... nodes) {
    return Arrays.stream(nodes).map(NodeLease::of).toList();
  }

  private static InetAddress ip(String text) {
    return IpAddresses.parse(text);
  }

  private static PublicKey key(int number) {
    byte[] bytes = new byte[PublicKey.BYTES];
    bytes[0] = (byte) number;
    return PublicKey.of(bytes);
  }
}
