package org.k3sjvm.server.control.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.Cidr;

class PodNetworksTest {
  @Test
  void givesTheFirstSubnetThatNobodyHas() {
    PodNetworks networks = PodNetworks.of(List.of(Cidr.parse("10.42.0.0/16")));
    Set<Cidr> taken =
        new HashSet<>(List.of(Cidr.parse("10.42.0.0/24"), Cidr.parse("10.42.2.0/24")));
    assertThat(networks.firstFree(taken)).hasValue(List.of(Cidr.parse("10.42.1.0/24")));
    taken.add(Cidr.parse("10.42.1.0/24"));
    assertThat(networks.firstFree(taken)).hasValue(List.of(Cidr.parse("10.42.3.0/24")));
  }

  @Test
  void givesOnePerFamily() {
    PodNetworks networks =
        PodNetworks.of(List.of(Cidr.parse("10.42.0.0/16"), Cidr.parse("fd00:42::/56")));
    assertThat(networks.firstFree(Set.of(Cidr.parse("fd00:42::/64"))))
        .hasValue(List.of(Cidr.parse("10.42.0.0/24"), Cidr.parse("fd00:42:0:1::/64")));
  }

  @Test
  void saysWhenANetworkIsUsedUp() {
    PodNetworks networks = PodNetworks.of(List.of(Cidr.parse("10.42.0.0/23")));
    assertThat(networks.firstFree(Set.of(Cidr.parse("10.42.0.0/24"), Cidr.parse("10.42.1.0/24"))))
        .isEmpty();
  }

  @Test
  void refusesANetworkSmallerThanANodeNeeds() {
    assertThatThrownBy(() -> PodNetworks.of(List.of(Cidr.parse("10.42.0.0/25"))))
        .hasMessage("cluster-cidr 10.42.0.0/25 is smaller than the /24 of one node");
  }
}
