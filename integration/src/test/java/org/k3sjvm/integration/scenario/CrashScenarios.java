package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.HostProcess;

/** What survives SIGKILL. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
abstract class CrashScenarios {
  private static final int PODS = 10;
  private static final String IDENTITY =
      "{range .items[*]}{.metadata.name} {.status.containerStatuses[0].containerID}"
          + " {.status.containerStatuses[0].restartCount} {.status.podIP}{\"\\n\"}{end}";

  private final ServerKind kind;
  private Cluster cluster;
  private Node node;
  private HostProcess agent;

  CrashScenarios(ServerKind kind) {
    this.kind = kind;
  }

  @BeforeAll
  void runTenPods() throws InterruptedException {
    cluster = Cluster.start(kind, "crash");
    node = cluster.host("n1");
    agent = node.startUp();
    node.awaitReady(cluster);
    StringBuilder yaml = new StringBuilder();
    for (int i = 0; i < PODS; i++) {
      yaml.append(
          Yaml.pod("p" + i, "exec sleep 100000").replace("labels: {", "labels: {group: ten, "));
    }
    cluster.run(
        yaml.toString(), IntStream.range(0, PODS).mapToObj(i -> "p" + i).toArray(String[]::new));
  }

  @AfterAll
  void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void podsDoNotNoticeThatTheAgentIsKilledAndReturns() throws InterruptedException {
    String before = identity();
    List<String> processes = node.processes();
    assertThat(processes).hasSize(2 * PODS);

    agent.kill();
    assertThat(node.processes()).isEqualTo(processes);
    agent = node.startUp();
    awaitHeartbeat();
    canStillRunPods("after-agent");

    assertThat(node.processes()).containsAll(processes).hasSize(processes.size());
    assertThat(identity()).isEqualTo(before).doesNotContainPattern(" [1-9]\\d* 10\\.");
  }

  @Test
  void podsDoNotNoticeThatContainerdIsKilledAndReturns() throws InterruptedException {
    String before = identity();
    List<String> processes = node.processes();

    String pid = node.host().run("pidof", "containerd").text();
    node.host().sh("kill -9 " + pid).text();
    Await.until(
        "another containerd runs",
        Cluster.PATIENCE,
        () -> !node.host().run("pidof", "containerd").text().equals(pid));
    awaitHeartbeat();
    canStillRunPods("after-containerd");

    assertThat(agent.isAlive()).isTrue();
    assertThat(node.processes()).containsAll(processes).hasSize(processes.size());
    assertThat(identity()).isEqualTo(before);
  }

  @Test
  void noAcknowledgedWriteIsLostWhenTheServerIsKilled() throws IOException, InterruptedException {
    Set<String> acknowledged = new TreeSet<>();
    for (int round = 0; round < 2; round++) {
      HostProcess one = write("w" + round + "a", 2000);
      HostProcess other = write("w" + round + "b", 2000);
      int enough = 20 * (round + 1);
      Await.until(
          "some writes are acknowledged",
          Cluster.PATIENCE,
          () -> acknowledged(one).size() > enough);
      cluster.killServer();
      one.awaitLog(" 000", Cluster.PATIENCE);
      other.awaitLog(" 000", Cluster.PATIENCE);
      one.stop();
      other.stop();
      acknowledged.addAll(acknowledged(one));
      acknowledged.addAll(acknowledged(other));
      cluster.restartServer();
    }

    Set<String> kept =
        cluster
            .kubectl()
            .text(
                "get",
                "configmaps",
                "-o",
                "jsonpath={range .items[*]}{.metadata.name}={.data.v}{\"\\n\"}{end}")
            .lines()
            .filter(line -> line.startsWith("w"))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(acknowledged).hasSizeGreaterThan(40);
    assertThat(kept).containsAll(acknowledged.stream().map(name -> name + "=" + name).toList());
    awaitHeartbeat();
    canStillRunPods("after-server");
  }

  /** Creates configMaps over one connection as fast as the server answers. */
  private HostProcess write(String prefix, int count) throws IOException, InterruptedException {
    Path home = cluster.serverHost().home();
    String config = Files.readString(cluster.kubectl().kubeconfig());
    for (String part : List.of("client-certificate-data", "client-key-data")) {
      var matcher = Pattern.compile(part + ": (\\S+)").matcher(config);
      assertThat(matcher.find()).as(part).isTrue();
      Files.write(home.resolve(part), java.util.Base64.getDecoder().decode(matcher.group(1)));
    }
    StringBuilder requests = new StringBuilder();
    for (int i = 0; i < count; i++) {
      String name = prefix + "-" + i;
      requests.append(
          """
          url = "https://127.0.0.1:6443/api/v1/namespaces/default/configmaps"
          cert = "%s"
          key = "%s"
          insecure
          silent
          max-time = 20
          header = "Content-Type: application/json"
          data = "{\\"apiVersion\\":\\"v1\\",\\"kind\\":\\"ConfigMap\\",\\"metadata\\":{\\"name\\":\\"%s\\"},\\"data\\":{\\"v\\":\\"%s\\"}}"
          output = "/dev/null"
          write-out = "%%{stderr}%s %%{http_code}\\n"
          next
          """
              .formatted(
                  home.resolve("client-certificate-data"),
                  home.resolve("client-key-data"),
                  name,
                  name,
                  name));
    }
    Path file = home.resolve(prefix + ".curl");
    Files.writeString(file, requests.substring(0, requests.length() - "next\n".length()));
    return cluster.serverHost().start(prefix, "curl", "-K", file.toString());
  }

  private static Set<String> acknowledged(HostProcess writer) {
    return writer
        .said()
        .lines()
        .filter(line -> line.endsWith(" 201"))
        .map(line -> line.substring(0, line.indexOf(' ')))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The node's lease is renewed from now on, and it is Ready. */
  private void awaitHeartbeat() throws InterruptedException {
    String lease = leaseTime();
    Await.until(
        "the lease of the node is renewed", Cluster.PATIENCE, () -> !leaseTime().equals(lease));
    node.awaitReady(cluster);
  }

  private String leaseTime() throws InterruptedException {
    return cluster
        .kubectl()
        .text("get", "lease", "n1", "-n", "kube-node-lease", "-o", "jsonpath={.spec.renewTime}");
  }

  private void canStillRunPods(String name) throws InterruptedException {
    cluster.run(Yaml.pod(name, "exec sleep 100000"), name);
    cluster.kubectl().text("delete", "pod", name, "--grace-period=1");
  }

  private String identity() throws InterruptedException {
    return cluster.kubectl().text("get", "pods", "-l", "group=ten", "-o", "jsonpath=" + IDENTITY);
  }
}
