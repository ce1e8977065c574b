package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.integration.lab.K3s;

/** Pods of different hosts, which only VXLAN connects. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
abstract class NetworkScenarios {
  private static final String WEB =
      "mkdir /www; hostname > /www/index.html; dd if=/dev/zero of=/www/big bs=1k count=4096;"
          + " exec httpd -f -p 8080 -h /www";

  private final ServerKind kind;
  private Cluster cluster;

  NetworkScenarios(ServerKind kind) {
    this.kind = kind;
  }

  @BeforeAll
  void startTwoAgents() throws InterruptedException {
    cluster = Cluster.start(kind, "network");
    Node one = cluster.host("n1");
    Node two = cluster.host("n2");
    one.startUp();
    two.startUp();
    one.awaitReady(cluster);
    two.awaitReady(cluster);
    cluster.run(Yaml.pod("a", "n1", WEB) + Yaml.pod("b", "n2", WEB), "a", "b");
  }

  @AfterAll
  void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void podsOfTwoHostsPingEachOther() throws InterruptedException {
    cluster.kubectl().text("exec", "a", "--", "ping", "-c", "3", "-W", "5", address("b"));
    cluster.kubectl().text("exec", "b", "--", "ping", "-c", "3", "-W", "5", address("a"));
    assertThat(address("a").replaceFirst("\\d+$", ""))
        .isNotEqualTo(address("b").replaceFirst("\\d+$", ""));
  }

  @Test
  void podsOfTwoHostsSpeakTcpInPacketsOfFullSize() throws InterruptedException {
    assertThat(fetch("a", "b", "/")).endsWith("\nb");
    assertThat(fetch("b", "a", "/")).endsWith("\na");
    assertThat(inPod("a", get("b", "/big") + " | wc -c")).matches("4194[3-6]\\d\\d");
  }

  @Test
  void aHostReachesPodsOfTheOtherHost() throws InterruptedException {
    String page = "http://" + address("b") + ":8080/";
    Node one = cluster.nodes().getFirst();
    assertThat(one.host().run("curl", "-sS", "-m", "30", page).text()).isEqualTo("b");
  }

  @Test
  void theSelfTestFindsNothingWrong() throws InterruptedException {
    Node one = cluster.nodes().getFirst();
    assertThat(one.host().run(K3s.ours().toString(), "check-network").text())
        .contains("n1: flannel.1, MTU 1450, on eth0 at " + one.host().address())
        .contains("n2, pods ")
        .contains("1 peers, 0 findings");
  }

  @Test
  void aHostThatLeavesAndReturnsIsReachedAgain() throws InterruptedException {
    Node two = cluster.nodes().get(1);
    two.host().unplug();
    assertThat(
            cluster
                .kubectl()
                .run("exec", "a", "--", "ping", "-c", "1", "-W", "1", address("b"))
                .succeeded())
        .isFalse();
    two.host().plug();

    cluster.kubectl().text("exec", "a", "--", "ping", "-c", "10", "-W", "10", address("b"));
    assertThat(fetch("a", "b", "/")).endsWith("\nb");
  }

  final Cluster cluster() {
    return cluster;
  }

  /** The answer of a pod's web server to another pod, with its headers. */
  final String fetch(String from, String to, String path) throws InterruptedException {
    return inPod(from, get(to, path));
  }

  // Debian's static busybox cannot look up names, so its wget ends with a fault.
  private String get(String to, String path) throws InterruptedException {
    return "printf 'GET " + path + " HTTP/1.0\\r\\n\\r\\n' | nc -w 30 " + address(to) + " 8080";
  }

  private String inPod(String pod, String script) throws InterruptedException {
    return cluster.kubectl().text("exec", pod, "--", "sh", "-c", script);
  }

  final String address(String pod) throws InterruptedException {
    return cluster.get("pod/" + pod, "{.status.podIP}");
  }
}
