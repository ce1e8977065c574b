package org.k3sjvm.flannel.uplink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.linux.net.InterfaceAddress;
import org.k3sjvm.linux.net.Route;
import org.k3sjvm.linux.testing.FakeNetwork;

class UplinkTest {
  private static final int PERMANENT = 0x80;
  private static final int DEPRECATED = 0x20;
  private static final int TEMPORARY = 0x01;
  private static final Set<Family> IPV4 = Set.of(Family.IPV4);

  private final FakeNetwork network = new FakeNetwork();
  private final int eth0 = network.addLink("eth0", "", 1500);
  private final int eth1 = network.addLink("eth1", "", 9000);

  @Test
  void takesTheInterfaceOfTheDefaultRoute() {
    network.replaceRoute(
        new Route(Cidr.parse("0.0.0.0/0"), Optional.of(ip("192.168.77.1")), eth1, false));

    assertThat(Uplink.choose(network, IPV4, UplinkWishes.NONE).name()).isEqualTo("eth1");
  }

  @Test
  void takesTheInterfaceOfTheNodesAddressWithoutADefaultRoute() {
    network.addAddress(InterfaceAddress.of(eth0, ip("192.168.77.11"), 24));

    assertThat(Uplink.choose(network, IPV4, wishes("", "", "192.168.77.11")).name())
        .isEqualTo("eth0");
  }

  @Test
  void prefersWhatTheUserSaidThenTheWayToTheServerThenTheDefaultRoute() {
    network.addAddress(InterfaceAddress.of(eth0, ip("192.168.77.11"), 24));
    network.addAddress(InterfaceAddress.of(eth1, ip("10.8.0.2"), 24));
    network.replaceRoute(
        new Route(Cidr.parse("0.0.0.0/0"), Optional.of(ip("192.168.77.1")), eth0, false));

    assertThat(Uplink.choose(network, IPV4, wishes("", "10.8.0.1", "")).name()).isEqualTo("eth1");
    assertThat(Uplink.choose(network, IPV4, wishes("", "10.8.0.2", "")).name()).isEqualTo("eth1");
    assertThat(Uplink.choose(network, IPV4, wishes("", "192.0.2.1", "")).name()).isEqualTo("eth0");
    assertThat(Uplink.choose(network, IPV4, wishes("", "127.0.0.1", "")).name()).isEqualTo("eth0");
    assertThat(Uplink.choose(network, IPV4, wishes("10.8.0.2", "192.0.2.1", "")))
        .isEqualTo(new Uplink.Choice("eth1", "--node-ip"));
    assertThat(Uplink.choose(network, IPV4, wishes("10.8.0.2", "10.8.0.1", "").named("eth0")))
        .isEqualTo(new Uplink.Choice("eth0", "--flannel-iface"));
  }

  @Test
  void doesNotTakeAWayToTheServerThatLacksAFamilyOfThePods() {
    network.addAddress(InterfaceAddress.of(eth0, ip("192.168.77.11"), 24));
    network.addAddress(InterfaceAddress.of(eth0, ip("fd77::11"), 64));
    network.addAddress(InterfaceAddress.of(eth1, ip("10.8.0.2"), 24));
    network.replaceRoute(
        new Route(Cidr.parse("0.0.0.0/0"), Optional.of(ip("192.168.77.1")), eth0, false));

    assertThat(
            Uplink.choose(network, Set.of(Family.IPV4, Family.IPV6), wishes("", "10.8.0.1", ""))
                .name())
        .isEqualTo("eth0");
  }

  @ParameterizedTest
  @CsvSource({"lo,''", "cni0,bridge", "flannel.1,vxlan", "anycast,dummy"})
  void takesNoInterfaceThatLeadsNowhereForAnAddressOfTheNode(String name, String kind) {
    int link = network.addLink(name, kind, 1500);
    network.addAddress(InterfaceAddress.of(link, ip("10.255.0.1"), 32));
    assertThatThrownBy(() -> Uplink.choose(network, IPV4, wishes("", "", "10.255.0.1")))
        .isInstanceOf(UplinkException.class);

    network.addAddress(InterfaceAddress.of(eth0, ip("192.168.77.11"), 24));
    network.replaceRoute(
        new Route(Cidr.parse("0.0.0.0/0"), Optional.of(ip("192.168.77.1")), eth0, false));

    assertThat(Uplink.choose(network, IPV4, wishes("10.255.0.1", "", "10.255.0.1")).name())
        .isEqualTo("eth0");
  }

  @Test
  void prefersTheAddressThatPeersKnowWhileNobodyKnowsTheServers() {
    network.addAddress(InterfaceAddress.of(eth0, ip("192.168.77.11"), 24));
    network.addAddress(InterfaceAddress.of(eth1, ip("10.8.0.2"), 24));
    network.replaceRoute(
        new Route(Cidr.parse("0.0.0.0/0"), Optional.of(ip("192.168.77.1")), eth0, false));

    assertThat(Uplink.choose(network, IPV4, wishes("", "", "").knownAs(ips("10.8.0.2"))).name())
        .isEqualTo("eth1");
    assertThat(Uplink.choose(network, IPV4, wishes("", "", "").knownAs(ips("10.8.0.3"))).name())
        .isEqualTo("eth0");
    assertThat(
            Uplink.choose(network, IPV4, wishes("", "192.0.2.1", "").knownAs(ips("10.8.0.2")))
                .name())
        .isEqualTo("eth0");
  }

  private static UplinkWishes wishes(String said, String server, String own) {
    return new UplinkWishes(Optional.empty(), ips(said), ips(server), List.of(), ips(own));
  }

  private static List<InetAddress> ips(String text) {
    return text.isEmpty() ? List.of() : List.of(ip(text));
  }

  @Test
  void namesTheFlagWhenThereIsNeither() {
    assertThatThrownBy(() -> Uplink.choose(network, IPV4, UplinkWishes.NONE))
        .isInstanceOf(UplinkException.class)
        .hasMessageContaining("--flannel-iface");
    assertThatThrownBy(() -> Uplink.resolve(network, "eth0", IPV4, Map.of()))
        .isInstanceOf(UplinkException.class)
        .hasMessageContaining("no IPV4 address");
    assertThatThrownBy(() -> Uplink.resolve(network, "eth7", IPV4, Map.of()))
        .isInstanceOf(UplinkException.class)
        .hasMessageContaining("eth7");
  }

  @Test
  void keepsItsAddressWhileItIsThere() {
    network.addAddress(InterfaceAddress.of(eth0, ip("192.168.77.10"), 24));
    network.addAddress(InterfaceAddress.of(eth0, ip("192.168.77.11"), 24));

    Uplink uplink = Uplink.resolve(network, "eth0", IPV4, Map.of(Family.IPV4, ip("192.168.77.11")));

    assertThat(uplink.addresses()).containsEntry(Family.IPV4, ip("192.168.77.11"));
  }

  @Test
  void prefersGlobalThenPermanentThenNonTemporaryAndNeverDeprecated() {
    assertThat(
            Uplink.best(
                List.of(
                    address("fe80::1", PERMANENT),
                    address("2001:db8::4", PERMANENT | DEPRECATED),
                    address("2001:db8::3", PERMANENT | TEMPORARY),
                    address("2001:db8::2", 0),
                    address("2001:db8::1", PERMANENT)),
                Family.IPV6))
        .hasValue(ip("2001:db8::1"));
    assertThat(Uplink.best(List.of(address("fe80::1", PERMANENT)), Family.IPV6))
        .hasValue(ip("fe80::1"));
    assertThat(Uplink.best(List.of(address("127.0.0.1", PERMANENT)), Family.IPV4)).isEmpty();
  }

  private static InterfaceAddress address(String text, int flags) {
    return new InterfaceAddress(2, ip(text), 64, flags);
  }

  private static InetAddress ip(String text) {
    return IpAddresses.parse(text);
  }
}
