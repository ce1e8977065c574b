package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.HostProcess;

/** Network policies of a real cluster on a real node. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(900)
abstract class PolicyScenarios {
  private static final String WEB =
      "mkdir /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www";

  /** How many pods are started to catch the first packet; {@code -Dfirst.packets=200}. */
  private static final int STARTS = Integer.getInteger("first.packets", 20);

  private static final int STARTS_AT_ONCE = 20;

  private final ServerKind kind;
  private Cluster cluster;
  private Node node;
  private HostProcess agent;

  PolicyScenarios(ServerKind kind) {
    this.kind = kind;
  }

  @BeforeAll
  void startAnAgent() throws InterruptedException {
    cluster = Cluster.start(kind, "policy");
    node = cluster.host("n1");
    agent = node.startUp();
    node.awaitReady(cluster);
    cluster.run(Yaml.pod("web", WEB) + Yaml.pod("a", WEB) + Yaml.pod("b", WEB), "web", "a", "b");
    cluster.kubectl().text("create", "namespace", "jail");
    cluster.kubectl().text("wait", "--for=create", "-n", "jail", "serviceaccount/default");
  }

  @AfterAll
  void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void letsInWhomAPolicyNamesAndNobodyElse() throws InterruptedException {
    assertThat(reaches("a", "web")).isTrue();
    policy(
        "default",
        "only-a",
        """
        podSelector: {matchLabels: {app: web}}
        ingress:
        - from: [{podSelector: {matchLabels: {app: a}}}]
          ports: [{port: 8080}]
        """);

    awaitReach("b", "web", false);
    assertThat(reaches("a", "web")).isTrue();
    assertThat(reaches("b", "a")).isTrue();
    assertThat(node.host().run("curl", "-sS", "-m", "10", page("web")).text()).isEqualTo("web");

    cluster.kubectl().text("label", "pod", "b", "--overwrite", "app=a");
    awaitReach("b", "web", true);
    cluster.kubectl().text("delete", "networkpolicy", "only-a");
    cluster.kubectl().text("label", "pod", "b", "--overwrite", "app=b");
    awaitReach("b", "web", true);
  }

  @Test
  void keepsThePoliciesInForceWhileNoAgentRunsAndAcrossItsRestart() throws InterruptedException {
    policy("default", "deny-web", "{podSelector: {matchLabels: {app: web}}, ingress: []}");
    awaitReach("a", "web", false);

    node.stop();
    assertThat(node.host().run("nft", "list", "table", "ip", "k3s-netpol").text())
        .contains("ingress-isolated");
    agent = node.startUp();
    node.awaitReady(cluster);

    assertThat(reaches("a", "web")).isFalse();
    cluster.kubectl().text("delete", "networkpolicy", "deny-web");
    awaitReach("a", "web", true);
  }

  @Test
  void convergesAfterItIsKilledWhileRulesChange() throws InterruptedException {
    policy("default", "deny-web", "{podSelector: {matchLabels: {app: web}}, ingress: []}");
    awaitReach("a", "web", false);
    node.host().run("nft", "add", "table", "inet", "foreign");
    for (int round = 0; round < 3; round++) {
      StringBuilder many = new StringBuilder();
      for (int i = 0; i < 20; i++) {
        many.append("---\n").append(policyYaml("default", "p" + i, allowing("x" + round + i)));
      }
      cluster.kubectl().apply(many.toString());
      agent.kill();
      assertThat(node.host().run("nft", "list", "tables").text()).contains("ip k3s-netpol");
      agent = node.startUp();
      assertThat(reaches("a", "web")).isFalse();
    }
    node.awaitReady(cluster);
    cluster.kubectl().apply(policyYaml("default", "p0", allowing("a")));
    awaitReach("a", "web", true);

    Await.until(
        "one chain of 21 policies is left",
        Duration.ofSeconds(60),
        () -> {
          String table = node.host().run("nft", "list", "table", "ip", "k3s-netpol").text();
          return table.lines().filter(l -> l.matches("\\s*chain pol-.*")).count() == 21
              && table.lines().filter(l -> l.contains("jump pol-")).count() == 21;
        });
    assertThat(node.host().run("nft", "list", "tables").text()).contains("inet foreign");
    cluster.kubectl().text("delete", "networkpolicies", "--all");
    awaitReach("b", "web", true);
  }

  @Test
  void servesAndRestrictsAfterAStartInWhichOnlyTheSupervisorAnswers() throws InterruptedException {
    policy("default", "deny-web", "{podSelector: {matchLabels: {app: web}}, ingress: []}");
    cluster.kubectl().apply(serviceOf("b"));
    String vip = cluster.get("service/b", "{.spec.clusterIP}");
    String pod =
        "$(for p in $(pgrep -x httpd); do [ $(nsenter -t $p -u hostname) = a ]"
            + " && echo $p; done)";
    String ask = "nsenter -t " + pod + " -n curl -sS -m 2 http://%s:8080/";
    awaitReach("a", "web", false);
    String web = address("web");
    Await.until(
        "the service answers",
        Cluster.PATIENCE,
        () -> node.host().sh(ask.formatted(vip)).output().strip().equals("b"));

    node.stop();
    node.host().run("nft", "delete table ip kube-proxy").text(); // as a boot does
    assertThat(node.host().sh(ask.formatted(vip)).succeeded()).isFalse();
    SupervisorFront front = SupervisorFront.start(cluster.serverHost());
    String server = cluster.serverHost().address();
    node.host().run("nft", "add table ip cut").text();
    node.host().run("nft", "add chain ip cut out { type filter hook output priority 0; }").text();
    node.host()
        .run("nft", "add rule ip cut out ip daddr " + server + " tcp dport 6443 reject")
        .text();
    agent = node.start("--server", "https://" + server + ":" + SupervisorFront.PORT);
    agent.awaitLog("those of before serve", Cluster.PATIENCE);

    Await.until(
        "the service answers without an API",
        Duration.ofSeconds(20),
        () -> node.host().sh(ask.formatted(vip)).output().strip().equals("b"));
    assertThat(node.host().sh(ask.formatted(web)).succeeded()).isFalse();

    cluster.kubectl().apply(serviceOf("a"));
    String another = cluster.get("service/a", "{.spec.clusterIP}");
    node.host().run("nft", "delete table ip cut").text();
    front.kill();
    Await.until(
        "a service that came meanwhile answers",
        Cluster.PATIENCE,
        () -> node.host().sh(ask.formatted(another)).output().strip().equals("a"));
    assertThat(node.host().sh(ask.formatted(vip)).output().strip()).isEqualTo("b");
    assertThat(node.host().sh(ask.formatted(web)).succeeded()).isFalse();
    node.awaitReady(cluster);
    cluster.kubectl().text("delete", "networkpolicy", "deny-web");
    awaitReach("a", "web", true);
  }

  private static String serviceOf(String app) {
    return """
    apiVersion: v1
    kind: Service
    metadata: {name: %s}
    spec: {selector: {app: %s}, ports: [{port: 8080}]}
    """
        .formatted(app, app);
  }

  private static String allowing(String app) {
    return "{podSelector: {matchLabels: {app: web}}, ingress:"
        + " [{from: [{podSelector: {matchLabels: {app: "
        + app
        + "}}}]}]}";
  }

  @Test
  void dropsTheVeryFirstPacketOfPodsThatMayNotSendAny() throws InterruptedException {
    policy("jail", "deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}");
    Await.until(
        "the policy is in force",
        Cluster.PATIENCE,
        () -> node.host().run("nft", "list", "tables").output().contains("k3s-netpol"));
    String escape =
        "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 "
            + address("web")
            + " 8080 | grep -q 200 && echo escaped || echo held";
    int held = 0;
    for (int round = 0; held < STARTS; round++) {
      List<String> pods = new ArrayList<>();
      StringBuilder yaml = new StringBuilder();
      for (int i = 0; i < Math.min(STARTS_AT_ONCE, STARTS); i++) {
        String pod = "try-" + round + "-" + i;
        pods.add(pod);
        yaml.append(
            Yaml.pod(pod, escape)
                .replace("metadata: {", "metadata: {namespace: jail, ")
                .replace("spec:\n", "spec:\n  restartPolicy: Never\n"));
      }
      cluster.kubectl().apply(yaml.toString());
      for (String pod : pods) {
        cluster
            .kubectl()
            .text(
                "wait",
                "-n",
                "jail",
                "pod/" + pod,
                "--for=jsonpath={.status.phase}=Succeeded",
                "--timeout=120s");
        assertThat(cluster.kubectl().text("logs", "-n", "jail", pod))
            .contains("held")
            .doesNotContain("escaped");
        held++;
      }
      cluster.kubectl().text("delete", "pods", "-n", "jail", "--all", "--wait=false");
    }
    System.out.println("first packets held: " + held);
    cluster.kubectl().text("delete", "networkpolicy", "-n", "jail", "deny");
  }

  private void policy(String namespace, String name, String spec) throws InterruptedException {
    cluster.kubectl().apply(policyYaml(namespace, name, spec));
  }

  private static String policyYaml(String namespace, String name, String spec) {
    String body = spec.strip().startsWith("{") ? " " + spec : "\n" + spec.indent(2);
    return """
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {namespace: %s, name: %s}
    spec:%s
    """
        .formatted(namespace, name, body);
  }

  private void awaitReach(String from, String to, boolean open) throws InterruptedException {
    Await.until(
        from + (open ? " reaches " : " does not reach ") + to,
        Duration.ofSeconds(60),
        () -> reaches(from, to) == open);
  }

  private boolean reaches(String from, String to) throws InterruptedException {
    return cluster
        .kubectl()
        .run(
            "exec",
            from,
            "--",
            "sh",
            "-c",
            "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 " + address(to) + " 8080 | grep -q 200")
        .succeeded();
  }

  private String page(String pod) throws InterruptedException {
    return "http://" + address(pod) + ":8080/";
  }

  private String address(String pod) throws InterruptedException {
    return cluster.get("pod/" + pod, "{.status.podIP}");
  }
}
