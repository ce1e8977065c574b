package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Services in front of pods of two hosts, through whole agents. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
abstract class ServiceScenarios {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final String WEB =
      "mkdir /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www";

  private static final String SERVICE =
      """
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: web}
      spec:
        type: NodePort
        selector: {tier: web}
        ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
      """;

  private final ServerKind kind;
  private Cluster cluster;
  private String clusterIp = "";

  ServiceScenarios(ServerKind kind) {
    this.kind = kind;
  }

  @BeforeAll
  void startTwoAgents() throws InterruptedException {
    cluster = Cluster.start(kind, "services");
    Node one = cluster.host("n1");
    Node two = cluster.host("n2");
    one.startUp();
    two.startUp();
    one.awaitReady(cluster);
    two.awaitReady(cluster);
    cluster.run(
        web("a", "n1") + web("b", "n2") + Yaml.pod("client", "n1", "exec sleep 3600") + SERVICE,
        "a",
        "b",
        "client");
    clusterIp = cluster.get("service/web", "{.spec.clusterIP}");
    cluster
        .kubectl()
        .await("endpoints/web", "{.subsets[0].addresses[1].targetRef.kind}", "Pod", PATIENCE);
  }

  @AfterAll
  void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void aPodReachesAllEndpointsOfAClusterIp() throws InterruptedException {
    assertThat(many(clusterIp, 80)).containsOnlyKeys("a", "b");
  }

  @Test
  void aHostReachesClusterIpAndNodePort() throws InterruptedException {
    for (Node node : cluster.nodes()) {
      for (String address : new String[] {clusterIp + ":80", node.host().address() + ":30080"}) {
        assertThat(node.host().run("curl", "-sS", "-m", "20", "http://" + address + "/").text())
            .isIn("a", "b");
      }
    }
  }

  @Test
  void theApiServerAnswersPodsAndHostsAtItsClusterIp() throws InterruptedException {
    String api = cluster.get("service/kubernetes", "{.spec.clusterIP}");
    Node one = cluster.nodes().getFirst();
    assertThat(
            one.host()
                .run(
                    "curl",
                    "-sSk",
                    "-m",
                    "20",
                    "-o",
                    "/dev/null",
                    "-w",
                    "%{http_code}",
                    "https://" + api + "/version")
                .text())
        .isIn("200", "401");
    assertThat(inPod("nc -w 10 " + api + " 443 </dev/null && echo open")).contains("open");
  }

  private static String web(String name, String node) {
    return Yaml.pod(name, node, WEB).replace("{app: " + name + "}", "{tier: web}");
  }

  private Map<String, Integer> many(String address, int port) throws InterruptedException {
    String one = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 20 " + address + " " + port;
    String text = inPod("for i in $(seq 24); do " + one + " | tail -n 1; done");
    Map<String, Integer> answers = new TreeMap<>();
    text.lines().forEach(line -> answers.merge(line.strip(), 1, Integer::sum));
    return answers;
  }

  private String inPod(String script) throws InterruptedException {
    return cluster.kubectl().text("exec", "client", "--", "sh", "-c", script);
  }
}
