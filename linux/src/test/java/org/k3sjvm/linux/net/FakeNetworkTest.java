package org.k3sjvm.linux.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.testing.FakeNetwork;

class FakeNetworkTest extends HostNetworkContract {
  @Override
  protected HostNetwork network() {
    FakeNetwork network = new FakeNetwork();
    int eth0 = network.addLink("eth0", "", 1500);
    network.addAddress(InterfaceAddress.of(eth0, IpAddresses.parse("192.168.77.11"), 24));
    network.addAddress(InterfaceAddress.of(eth0, IpAddresses.parse("fd77::11"), 64));
    return network;
  }

  @Test
  void printsItselfAsCommands() {
    FakeNetwork network = new FakeNetwork();
    int eth0 = network.addLink("eth0", "", 1500);
    network.createVxlan(
        "flannel.1",
        MacAddress.parse("02:11:11:11:11:11"),
        1450,
        new VxlanSettings(
            1,
            eth0,
            Optional.of(IpAddresses.parse("192.168.77.11")),
            Optional.empty(),
            0,
            false,
            false));

    assertThat(network.asCommands())
        .isEqualTo(
            "ip link add flannel.1 address 02:11:11:11:11:11 mtu 1450 type vxlan id 1 dev eth0"
                + " local 192.168.77.11 dstport 8472 nolearning\n");
  }
}
