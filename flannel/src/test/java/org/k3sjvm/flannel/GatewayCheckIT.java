package org.k3sjvm.flannel;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.flannel.FlannelRig.Host;
import org.k3sjvm.flannel.check.Finding;
import org.k3sjvm.flannel.check.Finding.Kind;
import org.k3sjvm.flannel.check.NetworkCheck;
import org.k3sjvm.flannel.check.NetworkReport;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;

/** Breaks a network of two hosts that are each other's gateways, and asks what is wrong with it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GatewayCheckIT {
  private static final String ANNOUNCED = "flannel.alpha.coreos.com/public-ip";
  private static final String PODS = "10.42.2.0/24";

  private FlannelRig rig;
  private Host one;
  private Host two;

  @BeforeAll
  void layCables(@TempDir Path directory) throws Exception {
    rig = new FlannelRig(directory, "10.42.0.0/16");
    one = rig.bareHost("n1", 1, "10.42.1.0/24");
    two = rig.bareHost("n2", 2, PODS);
    for (Host host : List.of(one, two)) {
      host.backend = BackendType.HOST_GW;
      host.start();
    }
    FlannelRig.awaitPing(one.pod("a").namespace, two.pod("b").address());
    one.stop(); // or it would mend what a test breaks
    two.stop();
  }

  @AfterAll
  void pullCables() throws Exception {
    rig.close();
  }

  @Test
  void findsNothingWhereAllIsWell() throws Exception {
    NetworkReport report = check(nodes());

    assertThat(report.text())
        .startsWith("n1: eth0, MTU 1500 at 192.168.77.11\n  n2, pods 10.42.2.0/24, at")
        .contains(" ms, 1500 bytes, TCP\n")
        .endsWith("1 peers, 0 findings\n");
  }

  @Test
  void seesThatARouteIsMissingOrAnothers() throws Exception {
    one.namespace.exec("ip", "route", "del", PODS);
    one.namespace.exec("ip", "route", "add", PODS, "via", "192.168.77.1");
    try {
      assertThat(check(nodes()).findings())
          .anySatisfy(
              finding -> {
                assertThat(finding.kind()).isEqualTo(Kind.ENTRIES);
                assertThat(finding.message())
                    .isEqualTo(
                        "the kernel lacks route 10.42.2.0/24 via 192.168.77.12 dev eth0; there is"
                            + " 10.42.2.0/24 via 192.168.77.1 dev eth0");
                assertThat(finding.repair()).isEqualTo("systemctl restart k3s-agent");
              });
    } finally {
      one.namespace.exec("ip", "route", "replace", PODS, "via", "192.168.77.12");
    }
  }

  @Test
  void seesThatAPeerIsBehindARouter() throws Exception {
    List<Node> nodes = nodes();
    nodes.stream()
        .filter(node -> node.getMetadata().getName().equals("n2"))
        .forEach(node -> node.getMetadata().getAnnotations().put(ANNOUNCED, "203.0.113.9"));

    List<Finding> findings = check(nodes).findings();

    assertThat(findings).hasSize(1);
    assertThat(findings.getFirst())
        .extracting(Finding::kind, Finding::where)
        .containsExactly(Kind.NO_NEIGHBOUR, "the servers");
    assertThat(findings.getFirst().message())
        .startsWith("203.0.113.9 is on no network of eth0 (192.168.77.11)");
    assertThat(findings.getFirst().repair()).startsWith("k3s server --flannel-backend=vxlan");
  }

  @Test
  void seesThatTheOtherHostDropsWhatIsForPods() throws Exception {
    two.drop("input", "ip daddr 10.42.2.1");
    try {
      List<Finding> findings = check(nodes()).findings();
      assertThat(findings).hasSize(1);
      assertThat(findings.getFirst())
          .extracting(Finding::kind, Finding::where)
          .containsExactly(Kind.FILTERED, "n2");
    } finally {
      two.namespace.exec("nft", "delete", "table", "ip", "broken");
    }
  }

  @Test
  void seesThatTheOtherHostDoesNotAnswerAtAll() throws Exception {
    two.drop("input", "ip saddr 192.168.77.11");
    try {
      List<Finding> findings = check(nodes()).findings();
      assertThat(findings).hasSize(1);
      assertThat(findings.getFirst().kind()).isEqualTo(Kind.UNREACHABLE);
    } finally {
      two.namespace.exec("nft", "delete", "table", "ip", "broken");
    }
  }

  private NetworkReport check(List<Node> nodes) throws Exception {
    return one.namespace.call(() -> NetworkCheck.run(nodes, Optional.of("n1")));
  }

  private List<Node> nodes() {
    return rig.api.list(Resources.NODES, ListRequest.newest(Selection.ALL)).items();
  }
}
