package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.HostProcess;

/** Power goes, and comes back without the server. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
abstract class ColdStartScenarios {
  private static final String NEEDY =
      """
      ---
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: needs}
      data: {a: from-the-map}
      ---
      apiVersion: v1
      kind: Secret
      metadata: {name: needs}
      stringData: {a: from-the-secret}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: needy}
      spec:
        terminationGracePeriodSeconds: 1
        containers:
        - name: main
          image: docker.io/library/busybox:1
          imagePullPolicy: IfNotPresent
          env: [{name: A, valueFrom: {configMapKeyRef: {name: needs, key: a}}}]
          command:
          - sh
          - -c
          - |
            test "$A" = from-the-map && test "$(cat /secret/a)" = from-the-secret &&
            test -s /var/run/secrets/kubernetes.io/serviceaccount/token && exec sleep 100000
          volumeMounts: [{name: secret, mountPath: /secret}]
        volumes: [{name: secret, secret: {secretName: needs}}]
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: over}
      spec:
        restartPolicy: Never
        containers:
        - {name: main, image: "docker.io/library/busybox:1", imagePullPolicy: IfNotPresent, command: ["true"]}
      """;
  private static final String RUNNING =
      "{range .items[*]}{.metadata.name} {.metadata.uid} {.status.phase}"
          + " {.status.containerStatuses[0].restartCount}{\"\\n\"}{end}";

  private final ServerKind kind;
  private Cluster cluster;
  private Node node;
  private HostProcess agent;

  ColdStartScenarios(ServerKind kind) {
    this.kind = kind;
  }

  @BeforeAll
  void runPods() throws InterruptedException {
    cluster = Cluster.start(kind, "cold");
    node = cluster.host("n1");
    agent = node.startUp();
    node.awaitReady(cluster);
    cluster.kubectl().apply(NEEDY);
    cluster.run(
        Yaml.pod("plain", "exec sleep 100000") + Yaml.pod("unwanted", "exec sleep 100000"),
        "needy",
        "plain",
        "unwanted");
    cluster.kubectl().await("pod/over", "{.status.phase}", "Succeeded", Duration.ofSeconds(60));
  }

  @AfterAll
  void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void podsRunAgainAfterAPowerCutAndTheServerFindsThemWhenItReturns() throws InterruptedException {
    String before = running();
    awaitKept();
    cluster.killServer();
    cutPower();
    assertThat(node.processes()).isEmpty();

    agent = node.start();
    Await.until(
        "three pods run again without a server",
        Duration.ofSeconds(60),
        () -> node.processes().size() == 6);
    assertThat(agent.said()).doesNotContain(Node.UP);

    String server = cluster.serverHost().address();
    node.host().sh("iptables -I OUTPUT -d " + server + " -j DROP").text();
    cluster.restartServer();
    cluster.kubectl().text("delete", "pod", "unwanted", "--force", "--grace-period=0");
    var processes = node.processes();
    node.host().sh("iptables -D OUTPUT -d " + server + " -j DROP").text();

    agent.awaitLog(Node.UP, Cluster.PATIENCE);
    Await.until(
        "the pod that was deleted meanwhile has ended",
        Duration.ofSeconds(30),
        () -> node.processes().size() == 4);
    assertThat(processes).containsAll(node.processes());
    node.awaitReady(cluster);
    cluster.awaitReady("needy", "plain");
    assertThat(running())
        .isEqualTo(
            before
                .replaceAll("\n?unwanted .*", "")
                .replaceAll("(?m)^(needy|plain)(.*) 0$", "$1$2 1"));
  }

  /** What is kept follows the pods by a second or so. */
  private void awaitKept() throws InterruptedException {
    String files = "ls " + node.host().path(Node.DATA + "/agent/cold-start") + " | wc -l";
    int[] last = {-1};
    Await.until(
        "nothing new is kept",
        Duration.ofSeconds(30),
        () -> {
          int now = Integer.parseInt(node.host().sh("sleep 3; " + files).text().strip());
          boolean calm = now == last[0];
          last[0] = now;
          return calm;
        });
  }

  /** The agent, containerd and every process of the pods end at once; so does their network. */
  private void cutPower() throws InterruptedException {
    agent.kill();
    node.host().sh("pkill -KILL containerd; pkill -KILL -x 'sleep|pause'; true").text();
    Await.until("nothing runs", Duration.ofSeconds(20), () -> node.processes().isEmpty());
    node.host()
        .sh(
            "ip link delete cni0; ip link delete flannel.1; nft flush ruleset;"
                + " rm -rf /run/flannel/* /run/k3s/*; true")
        .text();
  }

  private String running() throws InterruptedException {
    return cluster.kubectl().text("get", "pods", "-o", "jsonpath=" + RUNNING);
  }
}
