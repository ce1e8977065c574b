package org.k3sjvm.flannel.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Node;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.Nodes;

class PeersTest {
  private static final String MAC = "02:22:22:22:22:22";

  private static Peers peers(Node... nodes) {
    return Peers.of(
        Arrays.stream(nodes).map(NodeLease::of).toList(),
        Family.IPV4,
        BackendType.VXLAN,
        "n1",
        Cidr.parse("10.42.1.0/24"),
        Cidr.parse("10.42.0.0/16"));
  }

  @Test
  void leavesOutOurselvesAndNodesWithoutFlannel() {
    Node silent = Nodes.vxlan("n3", "10.42.3.0/24", "192.168.77.13", MAC);
    silent.getMetadata().getAnnotations().remove("flannel.alpha.coreos.com/kube-subnet-manager");
    Node other = Nodes.vxlan("n4", "10.42.4.0/24", "192.168.77.14", MAC);
    other.getMetadata().getAnnotations().put("flannel.alpha.coreos.com/backend-type", "host-gw");

    Peers peers =
        peers(
            Nodes.vxlan("n1", "10.42.1.0/24", "192.168.77.11", MAC),
            Nodes.vxlan("n2", "10.42.2.0/24", "192.168.77.12", MAC),
            silent,
            other,
            Nodes.bare("n5", "10.42.5.0/24"),
            Nodes.bare("n6"));

    assertThat(peers.peers()).extracting(Peer::node).containsExactly("n2");
    assertThat(peers.doubts()).isEmpty();
  }

  @Test
  void leavesOutWhatCannotBeRead() {
    assertThat(
            peers(
                    Nodes.vxlan("n2", "10.42.2.0/24", "not-an-ip", MAC),
                    Nodes.vxlan("n3", "10.42.3.0/24", "fd77::13", MAC),
                    Nodes.vxlan("n4", "10.42.4.0/24", "192.168.77.14", "?"))
                .peers())
        .isEmpty();
  }

  @Test
  void doesNotBelieveANetworkOutsideTheClustersOrOurOwn() {
    Peers peers =
        peers(
            Nodes.vxlan("n2", "192.168.0.0/16", "192.168.77.12", MAC),
            Nodes.vxlan("n3", "10.0.0.0/8", "192.168.77.13", MAC),
            Nodes.vxlan("n4", "10.42.1.0/24", "192.168.77.14", MAC));

    assertThat(peers.peers()).isEmpty();
    assertThat(peers.doubts()).hasSize(3);
  }

  @Test
  void givesANetworkThatTwoClaimToTheNewer() {
    Node newer = Nodes.vxlan("a-newer", "10.42.2.0/24", "192.168.77.13", MAC);
    newer.getMetadata().setCreationTimestamp("2026-02-01T00:00:00Z");

    Peers peers = peers(newer, Nodes.vxlan("n2", "10.42.2.0/24", "192.168.77.12", MAC));

    assertThat(peers.peers()).extracting(Peer::node).containsExactly("a-newer");
    assertThat(peers.doubts()).hasSize(1);
  }

  @Test
  void refusesThreePodNetworks() {
    Node node = Nodes.bare("n2", "10.42.2.0/24", "10.42.3.0/24", "10.42.4.0/24");

    assertThatThrownBy(() -> NodeLease.of(node)).isInstanceOf(IllegalArgumentException.class);
  }
}
