package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.K3s;

/**
 * A cluster of upstream's server in which one node runs upstream's agent and two run ours: every
 * packet of it crosses what the other has programmed.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
@EnabledIfEnvironmentVariable(named = "K3S_BIN", matches = ".+")
class UpstreamMixedIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final List<String> PODS = List.of("ours", "go", "ours-too");

  /** Answers TCP on 8080 with its name, and UDP on 9000 with its name and what was asked. */
  private static final String SERVERS =
      """
      mkdir /www; hostname > /www/index.html; dd if=/dev/zero of=/www/big bs=1M count=64; \
      perl -e 'socket(S,2,2,17) or die; bind(S,pack("Sna4x8",2,9000,"\\0"x4)) or die; \
      while(defined($from=recv(S,$m,9000,0))){send(S,$ARGV[0]." ".$m,0,$from)}' $(hostname) & \
      exec httpd -f -p 8080 -h /www""";

  private static final String ASK =
      """
      perl -e 'socket(S,2,2,17) or die; \
      connect(S,pack("SnC4x8",2,$ARGV[1],split(/[.]/,$ARGV[0]))) or die; alarm 5; \
      send(S,"hello",0); recv(S,$m,9000,0); print $m'\
      """;

  private static final String SERVICE =
      """
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: all}
      spec:
        type: NodePort
        selector: {tier: mixed}
        ports:
        - {name: web, port: 80, targetPort: 8080, nodePort: 30080}
        - {name: echo, protocol: UDP, port: 90, targetPort: 9000}
      """;

  private Cluster cluster;

  @BeforeAll
  void startThreeAgents() throws InterruptedException {
    cluster = Cluster.start(ServerKind.UPSTREAM, "mixed");
    Node one = cluster.host("n1");
    Node two = cluster.host("n2");
    Node three = cluster.host("n3");
    GoNode.startUp(cluster, two.host());
    one.startUp();
    three.startUp();
    StringBuilder objects = new StringBuilder(SERVICE);
    for (int i = 0; i < PODS.size(); i++) {
      cluster.nodes().get(i).awaitReady(cluster);
      objects.append(
          Yaml.toolPod(PODS.get(i), cluster.nodes().get(i).name(), SERVERS)
              .replace("{app: " + PODS.get(i) + "}", "{tier: mixed, app: " + PODS.get(i) + "}"));
    }
    cluster.run(objects.toString(), PODS.toArray(String[]::new));
    cluster
        .kubectl()
        .await("endpoints/all", "{.subsets[0].addresses[2].targetRef.kind}", "Pod", PATIENCE);
  }

  @AfterAll
  void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void everyPodReachesEveryOtherWithEchoesTcpAndUdp() throws InterruptedException {
    for (String from : PODS) {
      for (String to : PODS) {
        String address = address(to);
        inPod(from, "ping -c 2 -W 5 " + address);
        assertThat(inPod(from, curl(address + ":8080/"))).isEqualTo(to);
        assertThat(inPod(from, "curl -sS -m 30 http://" + address + ":8080/big | wc -c"))
            .isEqualTo(Integer.toString(64 << 20));
        assertThat(inPod(from, ASK + " " + address + " 9000")).isEqualTo(to + " hello");
      }
    }
  }

  @Test
  void everyPodAndHostReachesAllPodsThroughTheService() throws InterruptedException {
    String service = cluster.get("service/all", "{.spec.clusterIP}");
    for (String from : PODS) {
      Set<String> tcp = new TreeSet<>();
      Set<String> udp = new TreeSet<>();
      Await.until(
          from + " has reached all pods through the service",
          PATIENCE,
          () -> {
            tcp.add(inPod(from, curl(service + "/")));
            udp.add(inPod(from, ASK + " " + service + " 90"));
            return tcp.containsAll(PODS) && udp.size() >= PODS.size();
          });
      assertThat(udp).containsExactlyInAnyOrder("ours hello", "go hello", "ours-too hello");
    }
    for (Node from : cluster.nodes()) {
      for (Node at : cluster.nodes()) {
        String page = "http://" + at.host().address() + ":30080/";
        assertThat(from.host().run("curl", "-sS", "-m", "20", page).text()).isIn(PODS);
      }
    }
  }

  @Test
  void policiesHoldForClientsOfOtherNodes() throws InterruptedException {
    for (String guarded : PODS) {
      String friend = guarded.equals("ours-too") ? "go" : "ours-too";
      String stranger = guarded.equals("ours") ? "go" : "ours";
      cluster.kubectl().apply(policy(guarded, friend));
      awaitReach(stranger, guarded, false);
      assertThat(reaches(friend, guarded)).isTrue();
      assertThat(reaches(stranger, friend)).isTrue();
      cluster.kubectl().text("delete", "networkpolicy", "guard");
      awaitReach(stranger, guarded, true);
    }
  }

  @Test
  void theSelfTestFindsNothingWrong() throws InterruptedException {
    Node one = cluster.nodes().getFirst();
    assertThat(one.host().run(K3s.ours().toString(), "check-network").text())
        .contains("2 peers, 0 findings");
  }

  private static String policy(String guarded, String friend) {
    return """
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: guard}
    spec:
      podSelector: {matchLabels: {app: %s}}
      ingress:
      - from: [{podSelector: {matchLabels: {app: %s}}}]
        ports: [{port: 8080}]
    """
        .formatted(guarded, friend);
  }

  private void awaitReach(String from, String to, boolean reached) throws InterruptedException {
    Await.until(
        from + (reached ? " reaches " : " does not reach ") + to,
        PATIENCE,
        () -> reaches(from, to) == reached);
  }

  private boolean reaches(String from, String to) throws InterruptedException {
    return inPod(from, curl(address(to) + ":8080/") + " || echo no").equals(to);
  }

  private static String curl(String address) {
    return "curl -s -m 3 http://" + address;
  }

  private String address(String pod) throws InterruptedException {
    return cluster.get("pod/" + pod, "{.status.podIP}");
  }

  private String inPod(String pod, String script) throws InterruptedException {
    return cluster
        .kubectl()
        .text("exec", pod, "--", "env", "PATH=/bin:/usr/bin", "sh", "-c", script);
  }
}
