package org.k3sjvm.flannel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Node;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.flannel.check.CannotCheckException;
import org.k3sjvm.flannel.check.Finding;
import org.k3sjvm.flannel.check.Finding.Kind;
import org.k3sjvm.flannel.check.NetworkReport;
import org.k3sjvm.flannel.lease.BackendType;

/** Breaks a network of two hosts that are each other's gateways, and asks what is wrong with it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GatewayCheckIT {
  private CheckedPair pair;

  @BeforeAll
  void layCables(@TempDir Path directory) throws Exception {
    pair = new CheckedPair(directory, BackendType.HOST_GW);
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
        .startsWith("n1: eth0, MTU 1500 at 192.168.77.11\n  n2, pods 10.42.2.0/24, at")
        .contains(" ms, 1500 bytes, TCP\n")
        .endsWith("1 peers, 0 findings\n");
  }

  @Test
  void seesThatARouteIsMissingOrAnothers() throws Exception {
    pair.one.namespace.exec("ip", "route", "del", CheckedPair.PODS);
    pair.one.namespace.exec("ip", "route", "add", CheckedPair.PODS, "via", "192.168.77.1");
    try {
      assertThat(pair.check().findings())
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
      pair.one.namespace.exec("ip", "route", "replace", CheckedPair.PODS, "via", "192.168.77.12");
    }
  }

  @Test
  void seesThatAPeerIsBehindARouter() throws Exception {
    List<Node> nodes = pair.nodes();
    nodes.stream()
        .filter(node -> node.getMetadata().getName().equals("n2"))
        .forEach(
            node -> node.getMetadata().getAnnotations().put(CheckedPair.ANNOUNCED, "203.0.113.9"));

    List<Finding> findings = pair.check(nodes).findings();

    assertThat(findings).hasSize(1);
    assertThat(findings.getFirst())
        .extracting(Finding::kind, Finding::where)
        .containsExactly(Kind.NO_NEIGHBOUR, "the servers");
    assertThat(findings.getFirst().message())
        .startsWith("203.0.113.9 is on no network of eth0 (192.168.77.11)");
    assertThat(findings.getFirst().repair()).startsWith("k3s server --flannel-backend=vxlan");
  }

  @Test
  void saysThatTheApiIsMissing() {
    assertThatThrownBy(() -> pair.check(List.of()))
        .isInstanceOf(CannotCheckException.class)
        .hasMessageContaining("the API does not answer");
  }

  @Test
  void seesThatTheOtherHostDropsWhatIsForPods() throws Exception {
    pair.two.drop("input", "ip daddr 10.42.2.1");

    assertThat(pair.check().findings())
        .singleElement()
        .extracting(Finding::kind, Finding::where)
        .containsExactly(Kind.FILTERED, "n2");
  }

  @Test
  void seesThatTheOtherHostDoesNotAnswerAtAll() throws Exception {
    pair.two.drop("input", "ip saddr 192.168.77.11");

    assertThat(pair.check().findings())
        .singleElement()
        .extracting(Finding::kind)
        .isEqualTo(Kind.UNREACHABLE);
  }
}
