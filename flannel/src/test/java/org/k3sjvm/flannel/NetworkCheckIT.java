package org.k3sjvm.flannel;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeStatusBuilder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.flannel.FlannelRig.Host;
import org.k3sjvm.flannel.check.Finding;
import org.k3sjvm.flannel.check.Finding.Kind;
import org.k3sjvm.flannel.check.NetworkReport;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.kube.KubeJson;

/** Breaks a network of two hosts in each way, and asks what is wrong with it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NetworkCheckIT {
  private CheckedPair pair;
  private Host one;
  private Host two;

  @BeforeAll
  void layCables(@TempDir Path directory) throws Exception {
    pair = new CheckedPair(directory, BackendType.VXLAN);
    one = pair.one;
    two = pair.two;
  }

  @AfterAll
  void pullCables() throws Exception {
    pair.close();
  }

  @AfterEach
  void mend() throws InterruptedException {
    pair.mend();
  }

  @Test
  void findsNothingWhereAllIsWell() throws Exception {
    NetworkReport report = pair.check();

    assertThat(report.text())
        .startsWith(
            "n1: flannel.1, MTU 1450, on eth0 at 192.168.77.11\n  n2, pods 10.42.2.0/24, at")
        .contains(" ms, 1450 bytes, TCP\n")
        .endsWith("1 peers, 0 findings\n");
    assertThat(
            KubeJson.mapper().readTree(report.json()).at("/sides/0/peers/0/fullSize").asBoolean())
        .isTrue();
  }

  @Test
  void asksTheKernelForPeersWhileTheApiIsAway() throws Exception {
    NetworkReport report = pair.check(List.of());

    assertThat(report.findings()).isEmpty();
    assertThat(report.text())
        .contains("the node at 192.168.77.12, pods 10.42.2.0/24")
        .endsWith("1 peers, 0 findings\n");
  }

  @Test
  void tellsTheFilterOfAPeerFromItsOwn() throws Exception {
    two.drop("input", "udp dport 8472");
    assertThat(only())
        .extracting(Finding::kind, Finding::where)
        .containsExactly(Kind.FIREWALL, "n2");
    mend();

    one.drop("input", "udp dport 8472");
    assertThat(only())
        .extracting(Finding::kind, Finding::where)
        .containsExactly(Kind.FIREWALL, "n1");
    mend();

    one.drop("input", "iifname flannel.1");
    assertThat(only())
        .extracting(Finding::kind, Finding::where)
        .containsExactly(Kind.FILTERED, "n1");
  }

  @Test
  void measuresWhatFitsThroughANarrowPath() throws Exception {
    pair.rig.setPortMtu(2, 1400);
    try {
      Finding finding = only();
      assertThat(finding.kind()).isEqualTo(Kind.MTU);
      assertThat(finding.repair()).matches("ip link set eth0 mtu (139[6-9]|140[0-4]) .*");
    } finally {
      pair.rig.setPortMtu(2, 1500);
    }
  }

  @Test
  void seesWhereTcpAloneIsLostInTheTunnel() throws Exception {
    two.drop("input", "iifname flannel.1 ip protocol tcp");

    assertThat(only().kind()).isEqualTo(Kind.CHECKSUM);
  }

  @Test
  void seesThatAPeerIsElsewhereThanItSays() throws Exception {
    List<Node> nodes = pair.nodes();
    Node peer =
        nodes.stream().filter(n -> n.getMetadata().getName().equals("n2")).findFirst().get();
    peer.getMetadata().getAnnotations().put(CheckedPair.ANNOUNCED, "192.168.77.99");
    peer.setStatus(new NodeStatusBuilder().addNewAddress("192.168.77.12", "InternalIP").build());
    one.namespace.exec(
        "bridge", "fdb", "replace", two.mac(), "dev", "flannel.1", "dst", "192.168.77.99");
    try {
      Finding finding =
          pair.check(nodes).findings().stream()
              .filter(f -> f.kind() != Kind.ENTRIES)
              .findFirst()
              .get();
      assertThat(finding)
          .extracting(Finding::kind, Finding::where)
          .containsExactly(Kind.WRONG_INTERFACE, "n2");
      assertThat(finding.repair()).contains("--flannel-iface=<interface with 192.168.77.12>");
    } finally {
      one.namespace.exec(
          "bridge", "fdb", "replace", two.mac(), "dev", "flannel.1", "dst", "192.168.77.12");
    }
  }

  @Test
  void seesWhenPacketsTakeAnotherInterface() throws Exception {
    one.namespace.exec("ip", "link", "add", "other", "type", "bridge");
    one.namespace.exec("ip", "addr", "add", "10.9.9.1/24", "dev", "other");
    one.namespace.exec("ip", "link", "set", "other", "up");
    one.namespace.exec("ip", "route", "add", "192.168.77.12/32", "dev", "other", "src", "10.9.9.1");
    two.drop("input", "udp dport 8472");
    try {
      assertThat(only())
          .extracting(Finding::kind, Finding::where)
          .containsExactly(Kind.WRONG_INTERFACE, "n1");
    } finally {
      one.namespace.exec("ip", "link", "del", "other");
    }
  }

  @Test
  void seesMissingEntries() throws Exception {
    one.namespace.exec("ip", "neigh", "del", "10.42.2.0", "dev", "flannel.1");
    try {
      assertThat(pair.check().findings())
          .anySatisfy(
              finding -> {
                assertThat(finding.kind()).isEqualTo(Kind.ENTRIES);
                assertThat(finding.message())
                    .isEqualTo(
                        "the kernel lacks neighbour 10.42.2.0 lladdr "
                            + two.mac()
                            + " dev flannel.1");
              });
    } finally {
      one.namespace.exec(
          "ip",
          "neigh",
          "replace",
          "10.42.2.0",
          "lladdr",
          two.mac(),
          "nud",
          "permanent",
          "dev",
          "flannel.1");
    }
  }

  private Finding only() throws Exception {
    List<Finding> findings = pair.check().findings();
    assertThat(findings).hasSize(1);
    return findings.getFirst();
  }
}
