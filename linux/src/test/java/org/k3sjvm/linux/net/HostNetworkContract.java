package org.k3sjvm.linux.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.LinuxException;

/** What every {@link HostNetwork} does, be it the kernel's or a fake. */
public abstract class HostNetworkContract {
  private static final MacAddress OWN = MacAddress.parse("02:11:11:11:11:11");
  private static final MacAddress PEER = MacAddress.parse("02:22:22:22:22:22");
  private static final Cidr PEER_PODS = Cidr.parse("10.42.2.0/24");

  /** A network with one interface that is up, {@code eth0} with MTU 1500. */
  protected abstract HostNetwork network() throws Exception;

  private static VxlanSettings settings(HostNetwork network, String local) {
    return new VxlanSettings(
        1,
        network.link("eth0").orElseThrow().index(),
        Optional.of(ip(local)),
        Optional.empty(),
        0,
        false,
        false);
  }

  private static Link createdVxlan(HostNetwork network) {
    network.createVxlan("flannel.1", OWN, 1450, settings(network, "192.168.77.11"));
    return network.link("flannel.1").orElseThrow();
  }

  @Test
  void showsAVxlanDeviceAsItWasMade() throws Exception {
    HostNetwork network = network();

    Link link = createdVxlan(network);

    assertThat(link.kind()).isEqualTo("vxlan");
    assertThat(link.mac()).hasValue(OWN);
    assertThat(link.mtuBytes()).isEqualTo(1450);
    assertThat(link.up()).isFalse();
    VxlanSettings asked = settings(network, "192.168.77.11");
    assertThat(link.vxlan())
        .hasValue(
            new VxlanSettings(
                1, asked.lowerLink(), asked.local(), Optional.empty(), 8472, false, false));
    assertThat(network.links()).contains(link);
    assertThat(network.link(link.index())).hasValue(link);
  }

  @Test
  void refusesATakenNameAndATakenVni() throws Exception {
    HostNetwork network = network();
    createdVxlan(network);

    assertThatThrownBy(() -> createdVxlan(network))
        .isInstanceOf(LinuxException.AlreadyExists.class);
    assertThatThrownBy(
            () -> network.createVxlan("other", OWN, 1450, settings(network, "192.168.77.11")))
        .isInstanceOf(LinuxException.AlreadyExists.class);
  }

  @Test
  void keepsDevicesOfBothFamiliesSideBySide() throws Exception {
    HostNetwork network = network();
    createdVxlan(network);

    network.createVxlan("flannel-v6.1", PEER, 1430, settings(network, "fd77::11"));

    assertThat(network.link("flannel-v6.1").flatMap(Link::vxlan).flatMap(VxlanSettings::local))
        .hasValue(ip("fd77::11"));
  }

  @Test
  void changesMtuAndLearningInPlace() throws Exception {
    HostNetwork network = network();
    Link link = createdVxlan(network);

    network.setMtu(link.index(), 1400);
    network.setLearning(link.index(), true);

    Link changed = network.link("flannel.1").orElseThrow();
    assertThat(changed.index()).isEqualTo(link.index());
    assertThat(changed.mtuBytes()).isEqualTo(1400);
    assertThat(changed.vxlan().orElseThrow().learning()).isTrue();
  }

  @Test
  void addsAndRemovesAnAddressAnyNumberOfTimes() throws Exception {
    HostNetwork network = network();
    Link link = createdVxlan(network);
    InterfaceAddress address = InterfaceAddress.of(link.index(), ip("10.42.1.0"), 32);

    network.addAddress(address);
    network.addAddress(address);

    assertThat(network.addresses(link.index())).anyMatch(address::sameAs);
    network.removeAddress(address);
    network.removeAddress(address);
    assertThat(network.addresses(link.index())).noneMatch(address::sameAs);
  }

  @Test
  void knowsTheLinkThatLeadsToAnAddress() throws Exception {
    HostNetwork network = network();
    int eth0 = network.link("eth0").orElseThrow().index();

    assertThat(network.linkTowards(ip("192.168.77.99"))).hasValue(eth0);
    assertThat(network.linkTowards(ip("192.168.77.11"))).hasValue(eth0);
    assertThat(network.linkTowards(ip("fd77::99"))).hasValue(eth0);
    assertThat(network.linkTowards(ip("192.0.2.1"))).isEmpty();
    assertThat(network.linkTowards(ip("2001:db8::1"))).isEmpty();
  }

  @Test
  void setsReplacesAndRemovesThePeersEntries() throws Exception {
    HostNetwork network = network();
    Link link = createdVxlan(network);
    network.setUp(link.index());
    Neighbour neighbour = new Neighbour(link.index(), ip("10.42.2.0"), PEER);
    ForwardingEntry entry = new ForwardingEntry(link.index(), PEER, ip("192.168.77.12"));
    ForwardingEntry moved = new ForwardingEntry(link.index(), PEER, ip("192.168.77.13"));
    Route route = new Route(PEER_PODS, Optional.of(ip("10.42.2.0")), link.index(), true);

    network.replaceNeighbour(neighbour);
    network.replaceForwarding(entry);
    network.replaceForwarding(moved);
    network.replaceRoute(route);
    network.replaceRoute(route);

    assertThat(network.neighbours(link.index())).containsExactly(neighbour);
    assertThat(network.forwarding(link.index())).containsExactly(moved);
    assertThat(network.routes(false)).contains(route);
    for (int i = 0; i < 2; i++) {
      network.removeRoute(route);
      network.removeForwarding(moved);
      network.removeNeighbour(neighbour);
    }
    assertThat(network.neighbours(link.index())).isEmpty();
    assertThat(network.forwarding(link.index())).isEmpty();
    assertThat(network.routes(false)).doesNotContain(route);
  }

  @Test
  void setsThePeersEntriesInIpv6() throws Exception {
    HostNetwork network = network();
    network.createVxlan("flannel-v6.1", OWN, 1430, settings(network, "fd77::11"));
    Link link = network.link("flannel-v6.1").orElseThrow();
    network.setUp(link.index());
    Neighbour neighbour = new Neighbour(link.index(), ip("2001:cafe:42:2::"), PEER);
    ForwardingEntry entry = new ForwardingEntry(link.index(), PEER, ip("fd77::12"));
    Route route =
        new Route(
            Cidr.parse("2001:cafe:42:2::/64"),
            Optional.of(ip("2001:cafe:42:2::")),
            link.index(),
            true);

    network.replaceNeighbour(neighbour);
    network.replaceForwarding(entry);
    network.replaceRoute(route);

    assertThat(network.neighbours(link.index())).containsExactly(neighbour);
    assertThat(network.forwarding(link.index())).containsExactly(entry);
    assertThat(network.routes(true)).contains(route);
    network.removeRoute(route);
    assertThat(network.routes(true)).doesNotContain(route);
  }

  @Test
  void losesTheEntriesWithTheDevice() throws Exception {
    HostNetwork network = network();
    Link link = createdVxlan(network);
    network.setUp(link.index());
    network.replaceRoute(new Route(PEER_PODS, Optional.of(ip("10.42.2.0")), link.index(), true));

    network.deleteLink(link.index());
    network.deleteLink(link.index());

    assertThat(network.link("flannel.1")).isEmpty();
    assertThat(network.routes(false)).noneMatch(route -> route.destination().equals(PEER_PODS));
  }

  @Test
  void noticesThatALinkHasChanged() throws Exception {
    HostNetwork network = network();
    try (NetworkChanges changes = watch(network)) {
      assertThat(changes.changed()).isFalse();
      createdVxlan(network);
      assertThat(changes.changed()).isTrue();
      assertThat(changes.changed()).isFalse();
    }
  }

  /** Watches the same namespace as the network. */
  protected NetworkChanges watch(HostNetwork network) throws Exception {
    return network.watch();
  }

  private static InetAddress ip(String text) {
    return IpAddresses.parse(text);
  }
}
