package org.k3sjvm.linux.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.linux.netlink.NetlinkNetwork;
import org.k3sjvm.linux.testing.TestNamespace;

class NetlinkNetworkIT extends HostNetworkContract {
  private TestNamespace namespace;
  private NetlinkNetwork network;

  @BeforeEach
  void createNamespace() throws Exception {
    namespace = TestNamespace.create("netlink");
    namespace.exec("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "wire");
    namespace.exec("ip", "link", "set", "wire", "up");
    namespace.exec("ip", "link", "set", "eth0", "up");
    namespace.exec("ip", "addr", "add", "192.168.77.11/24", "dev", "eth0");
    namespace.exec("ip", "addr", "add", "fd77::11/64", "dev", "eth0", "nodad");
    network = namespace.call(NetlinkNetwork::open);
  }

  @AfterEach
  void removeNamespace() throws Exception {
    namespace.close();
    network.close();
  }

  @Override
  protected HostNetwork network() {
    return network;
  }

  @Override
  protected NetworkChanges watch(HostNetwork watched) throws Exception {
    return namespace.call(watched::watch);
  }

  @Test
  void makesTheDeviceThatIproute2WouldCallFlannels() throws Exception {
    network.createVxlan(
        "flannel.1",
        MacAddress.parse("02:11:11:11:11:11"),
        1450,
        new VxlanSettings(
            1,
            network.link("eth0").orElseThrow().index(),
            network.addresses(network.link("eth0").orElseThrow().index()).stream()
                .filter(address -> !address.isIpv6())
                .map(InterfaceAddress::address)
                .findFirst(),
            Optional.empty(),
            0,
            false,
            false));

    assertThat(namespace.exec("ip", "-d", "link", "show", "flannel.1"))
        .contains(
            "vxlan id 1 local 192.168.77.11 dev eth0 srcport 0 0 dstport 8472 nolearning ttl auto"
                + " ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx");
  }

  @Test
  void seesTheDefaultRoute() throws Exception {
    namespace.exec("ip", "route", "add", "default", "via", "192.168.77.1");

    assertThat(network.routes(false))
        .anySatisfy(
            route -> {
              assertThat(route.isDefault()).isTrue();
              assertThat(route.via().orElseThrow().getHostAddress()).isEqualTo("192.168.77.1");
            });
  }

  @Test
  void reachesItsNamespaceFromOtherThreads() throws Exception {
    assertThat(network.link("eth0")).isPresent();
    assertThat(namespace.call(() -> network.link("eth0"))).isPresent();
  }
}
