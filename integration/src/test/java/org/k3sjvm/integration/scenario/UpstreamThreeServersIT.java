package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.k3sjvm.cri.testing.TestImages;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.Host;
import org.k3sjvm.integration.lab.HostProcess;
import org.k3sjvm.integration.lab.K3s;
import org.k3sjvm.integration.lab.Kubectl;
import org.k3sjvm.integration.lab.Lan;

/**
 * An agent of a cluster with three servers and embedded etcd, joined through a fixed registration
 * address. {@code bench/servers.sh} plays every order in which servers can come and go.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(600)
@EnabledIfEnvironmentVariable(named = "K3S_BIN", matches = ".+")
class UpstreamThreeServersIT {
  private static final String STATE_FILE = "/agent/etc/k3s-agent-load-balancer.json";

  private final List<Server> servers = new ArrayList<>();
  private Lan lan;
  private Node node;

  @BeforeAll
  void start() throws InterruptedException, IOException {
    lan = Lan.create("three");
    for (int i = 1; i <= 3; i++) {
      servers.add(new Server(lan.host("s" + i)));
    }
    Host front = lan.host("front");
    for (Server server : servers) {
      server.start(servers.getFirst(), front);
    }
    forward(front);
    Path images = Files.createDirectory(lan.directory().resolve("images"));
    TestImages.writeBusybox(images.resolve("busybox.tar"));
    TestImages.writePause(images.resolve("pause.tar"));
    node = new Node(lan.host("n1"), "https://" + front.address() + ":6443");
    node.stock(images);
    node.startUp();
    Kubectl kubectl = servers.getFirst().kubectl();
    kubectl.text("wait", "--for=condition=Ready", "node/n1", "--timeout=90s");
    kubectl.await("node/n1", "{.spec.taints}", "", Cluster.PATIENCE);
    kubectl.apply(Yaml.pod("here", "exec sleep 3600"));
    kubectl.text("wait", "--for=condition=Ready", "pod/here", "--timeout=90s");
  }

  @AfterAll
  void end() {
    if (lan != null) {
      lan.close();
    }
  }

  @Test
  void goesOnWithTheServersThatAreLeftAndTakesEachBack() throws InterruptedException {
    Await.until("all servers are known", Cluster.PATIENCE, () -> listed() == servers.size());
    for (Server each : servers) {
      Await.until("exec through " + each.host, Cluster.PATIENCE, each::reachesThePod);
    }
    for (Server away : servers) {
      away.kill();
      Await.until("the balancer answers", Cluster.PATIENCE, this::balancerAnswers);
      for (Server other : servers) {
        if (other != away) {
          Await.until("exec through " + other.host, Cluster.PATIENCE, other::reachesThePod);
        }
      }
      away.start(servers.getFirst(), away.host);
      Await.until("exec through " + away.host, Cluster.PATIENCE, away::reachesThePod);
    }
    node.stop();
    servers.getFirst().kill();
    node.startUp();
    Await.until(
        "exec after a start with a server less",
        Cluster.PATIENCE,
        servers.getLast()::reachesThePod);
    assertThat(listed()).isGreaterThanOrEqualTo(2);
  }

  /** Needs a server, and no etcd. */
  private boolean balancerAnswers() throws InterruptedException {
    String credentials = Node.DATA + "/agent/client-kubelet";
    return node.host()
        .run(
            "curl",
            "-skfm5",
            "--cert",
            credentials + ".crt",
            "--key",
            credentials + ".key",
            "https://127.0.0.1:6444/v1-k3s/config")
        .succeeded();
  }

  private int listed() {
    try {
      String json = Files.readString(node.host().path(Node.DATA + STATE_FILE));
      return (int) servers.stream().filter(s -> json.contains(s.host.address() + ":6443")).count();
    } catch (IOException e) {
      return 0;
    }
  }

  /** A registration address that knows nothing of the servers' health, as of round-robin DNS. */
  private void forward(Host front) throws InterruptedException {
    String targets =
        "0 : %s, 1 : %s, 2 : %s"
            .formatted(servers.stream().map(server -> server.host.address()).toArray());
    front
        .sh(
            """
            echo 1 > /proc/sys/net/ipv4/ip_forward
            nft -f - <<NFT
            table ip front {
              chain in { type nat hook prerouting priority -100; tcp dport 6443 dnat to numgen inc mod 3 map { %s }; }
              chain out { type nat hook postrouting priority 100; masquerade; }
            }
            NFT
            """
                .formatted(targets))
        .text();
  }

  private static final class Server {
    private final Host host;
    private final Path kubeconfig;
    private @Nullable HostProcess process;
    private int lives;

    Server(Host host) {
      this.host = host;
      this.kubeconfig = host.home().resolve("kubeconfig");
    }

    Kubectl kubectl() {
      return new Kubectl(host, kubeconfig);
    }

    /** Returns when it answers. */
    void start(Server first, Host alsoKnownAs) throws InterruptedException {
      List<String> command = new ArrayList<>(ServerKind.WITH_PLUGINS);
      command.addAll(
          List.of(
              K3s.upstream().orElseThrow().toString(),
              "server",
              "--disable-agent",
              "--token",
              Cluster.TOKEN,
              "--node-ip",
              host.address(),
              "--tls-san",
              alsoKnownAs.address(),
              "--write-kubeconfig",
              kubeconfig.toString(),
              "--etcd-disable-snapshots",
              "--disable",
              "traefik,coredns,metrics-server,local-storage,servicelb"));
      command.addAll(
          this == first
              ? List.of("--cluster-init")
              : List.of("--server", "https://" + first.host.address() + ":6443"));
      process = host.start("server-" + ++lives, command.toArray(String[]::new));
      Await.until(
          host + " answers",
          Duration.ofMinutes(3),
          () ->
              Files.exists(kubeconfig)
                  && kubectl().run("get", "serviceaccount", "default").succeeded());
    }

    void kill() throws InterruptedException {
      Objects.requireNonNull(process).kill();
    }

    boolean reachesThePod() throws InterruptedException {
      var answer = kubectl().run("exec", "here", "--", "echo", "yes");
      return answer.succeeded() && answer.output().contains("yes");
    }
  }
}
