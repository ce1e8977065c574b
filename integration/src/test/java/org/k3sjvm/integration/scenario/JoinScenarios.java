package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.Host;
import org.k3sjvm.integration.lab.HostProcess;

/** What goes wrong at the start of an agent is told in one line, and a right start mends it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
abstract class JoinScenarios {
  private final ServerKind kind;
  private Cluster cluster;
  private Node node;

  JoinScenarios(ServerKind kind) {
    this.kind = kind;
  }

  @BeforeAll
  void startServerAndMakeAHost() throws InterruptedException {
    cluster = Cluster.start(kind, "join");
    node = cluster.host("n1");
  }

  @AfterAll
  void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @AfterEach
  void stopAgents() throws InterruptedException {
    for (Node each : cluster.nodes()) {
      each.stop();
    }
  }

  @Test
  void aWrongTokenIsRefused() throws InterruptedException {
    // A node that joined before is known by its certificate, whatever its token: this one has none.
    HostProcess agent = node.start("--token", "wrong", "--data-dir", "/var/lib/rancher/fresh");

    saysOnce(
        agent,
        "https://10.99.0.11:6443 refuses the token",
        "copy it again from <data-dir>/server/node-token on the server");
    aRightStartWorks(agent);
  }

  @Test
  void aTokenOfAnotherClusterIsRefused() throws InterruptedException {
    HostProcess agent =
        node.start("--token", "K10" + "0123456789abcdef".repeat(4) + "::node:" + Cluster.TOKEN);

    saysOnce(
        agent,
        "cannot join https://10.99.0.11:6443: the token pins CA 0123",
        "fetch a fresh token from <data-dir>/server/node-token on the server");
    aRightStartWorks(agent);
  }

  @Test
  void aServerThatIsDownIsWaitedFor() throws InterruptedException {
    cluster.killServer();
    HostProcess agent = node.start();

    saysOnce(
        agent,
        "cannot reach .*https://10.99.0.11:6443",
        "check that k3s runs there, and the firewall between");
    cluster.restartServer();
    agent.awaitLog(Node.UP, Cluster.PATIENCE);
    node.awaitReady(cluster);
    assertThat(agent.stop()).isZero();
  }

  @Test
  void aNameThatAnotherNodeHasIsRefused() throws InterruptedException {
    HostProcess first = node.startUp();
    node.awaitReady(cluster);
    String uid = cluster.get("node/n1", "{.metadata.uid}");
    Node second = cluster.host("n2");

    HostProcess agent = second.start("--node-name", "n1");

    saysOnce(agent, "rejects the password of node n1", "use --with-node-id or another --node-name");
    agent.stop();
    assertThat(cluster.get("node/n1", "{.metadata.uid}")).isEqualTo(uid);
    HostProcess right = second.startUp();
    second.awaitReady(cluster);
    assertThat(right.stop()).isZero();
    assertThat(first.stop()).isZero();
  }

  @Test
  void aLoadBalancerPortThatIsTakenIsNamed() throws InterruptedException {
    HostProcess squatter =
        node.host().start("squatter", "busybox", "httpd", "-f", "-p", "127.0.0.1:6444");
    Await.until(
        "the port is taken",
        Cluster.PATIENCE,
        () -> node.host().run("ss", "-ltn").text().contains("127.0.0.1:6444"));
    HostProcess agent = node.start();

    saysOnce(
        agent,
        "cannot listen on 127.0.0.1 port 6444 for the load balancer",
        "choose another port with --lb-server-port, or see who has it: ss -ltnp");
    assertThat(agent.awaitEnd(Cluster.PATIENCE)).isEqualTo(1);
    squatter.kill();
    aRightStartWorks(agent);
  }

  @Test
  void containerdThatIsMissingIsNamed() throws InterruptedException {
    // It would be found off the PATH, too: hide it from this host alone.
    node.host().sh("mount --bind /dev/null $(command -v containerd)").text();
    HostProcess agent = node.start();

    agent.awaitLog(
        "containerd is not installed or not on the PATH; run: apt-get install -y containerd",
        Cluster.PATIENCE);
    agent.awaitEnd(Cluster.PATIENCE);
    assertThat(agent.said()).doesNotContain("\tat ");
    node.host().sh("umount /usr/bin/containerd").text();
    aRightStartWorks(agent);
  }

  @Test
  void aFullDiskIsNamedAndNothingIsLeftBroken() throws InterruptedException {
    Host host = node.host();
    Path data = host.home().resolve("small");
    host.sh("mkdir %1$s && mount -t tmpfs -o size=1m tmpfs %1$s".formatted(data)).text();
    host.sh("dd if=/dev/zero of=%s/filler bs=4k".formatted(data));

    HostProcess agent = node.start("--data-dir", data.toString());

    saysOnce(agent, "cannot write .*No space left on device", "free some space there");
    agent.stop();
    host.sh("rm %1$s/filler && mount -o remount,size=200m %1$s".formatted(data)).text();
    HostProcess right = node.startUp("--data-dir", data.toString());
    node.awaitReady(cluster);
    assertThat(right.stop()).isZero();
    host.sh("pkill -x containerd; umount -l " + data);
  }

  /**
   * One line tells what is wrong and then what to do. There is no other, but for the remarks that a
   * short token leaves the server's identity open and that known servers could not be saved.
   */
  private static void saysOnce(HostProcess agent, String what, String nextStep)
      throws InterruptedException {
    String line = what + "[^\\n]*" + java.util.regex.Pattern.quote(nextStep);
    agent.awaitLog(line, Cluster.PATIENCE);
    List<String> bad =
        agent
            .said()
            .lines()
            .filter(
                l ->
                    !l.matches(
                        ".*(level=info|the token pins no authority|cannot save the known"
                            + " servers).*"))
            .toList();
    assertThat(bad).as(agent.said()).hasSize(1);
    assertThat(bad.getFirst()).containsPattern(line);
  }

  private void aRightStartWorks(HostProcess failed) throws InterruptedException {
    if (failed.isAlive()) {
      failed.stop();
    }
    HostProcess agent = node.startUp();
    node.awaitReady(cluster);
    assertThat(agent.stop()).isZero();
  }
}
