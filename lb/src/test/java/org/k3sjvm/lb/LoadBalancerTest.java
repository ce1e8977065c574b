package org.k3sjvm.lb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.HostPort;

@Timeout(30)
class LoadBalancerTest {
  @TempDir Path directory;
  private final ServiceGroup group = ServiceGroup.open("backends");
  private final Map<HostPort, Health> health = new ConcurrentHashMap<>();

  @AfterEach
  void stopBackends() {
    group.close();
  }

  @Test
  void forwardsBytesAndPassesTheEndOfOneDirectionOn() throws Exception {
    HostPort server = backend("one");
    try (LoadBalancer lb = open(server);
        Socket client = connect(lb)) {
      client.getOutputStream().write("ping".getBytes(StandardCharsets.UTF_8));
      client.shutdownOutput();
      assertThat(text(client)).isEqualTo("one:ping");
    }
  }

  @Test
  void triesTheNextServerAndRemembersWhyTheFirstDidNotAnswer() throws Exception {
    HostPort down = closedPort();
    HostPort up = backend("up");
    try (LoadBalancer lb = open(down)) {
      assertThat(ask(lb)).isEmpty();
      assertThat(lb.lastFailures()).contains(down + ": connection refused");
      lb.update(List.of(down, up));
      assertThat(ask(lb)).isEqualTo("up:?");
    }
  }

  @Test
  void closesConnectionsWhenTheServerFailsItsHealthCheck() throws Exception {
    HostPort server = backend("one");
    try (LoadBalancer lb = open(server)) {
      lb.update(List.of(server));
      health.put(server, Health.OK);
      try (Socket client = connect(lb)) {
        exchange(client, "one:a");
        lb.pollHealth();
        lb.pollHealth();
        assertThat(lb.servers())
            .containsExactly(
                new LoadBalancer.ServerView(server, ServerState.ACTIVE, 1, Optional.empty()));
        health.put(server, Health.FAILED);
        lb.healthChanged();
        assertThat(client.getInputStream().read()).isEqualTo(-1);
        assertThat(lb.servers().getFirst().lastFailure())
            .map(LoadBalancer.Failure::reason)
            .contains("its tunnel is down");
      }
      health.put(server, Health.UNKNOWN);
      assertThat(ask(lb)).isEqualTo("one:?");
    }
  }

  @Test
  void findsItsWayByTheStateFileWhileTheConfiguredServerIsDown() throws Exception {
    HostPort down = closedPort();
    HostPort up = backend("up");
    try (LoadBalancer lb = open(down)) {
      lb.update(List.of(up));
    }
    assertThat(stateFile())
        .hasContent(
            "{\n  \"ServerURL\": \"https://%s\",\n  \"ServerAddresses\": [\n    \"%s\"\n  ]\n}"
                .formatted(down, up));
    try (LoadBalancer lb = open(down)) {
      assertThat(ask(lb)).isEqualTo("up:?");
    }
  }

  @Test
  void startsAnewWhenTheStateFileIsOfAnotherServerOrBroken() throws Exception {
    HostPort up = backend("up");
    for (String content :
        List.of("{", "[]", "{\"ServerURL\":\"https://other:1\",\"ServerAddresses\":[\"x:1\"]}")) {
      Files.createDirectories(stateFile().getParent());
      Files.writeString(stateFile(), content);
      try (LoadBalancer lb = open(up)) {
        assertThat(ask(lb)).isEqualTo("up:?");
      }
      assertThat(Files.readString(stateFile())).contains("\"ServerAddresses\": []");
    }
  }

  @Test
  void oneServerThatCannotBeReadInTheStateFileCostsNotTheOthers() throws Exception {
    HostPort down = closedPort();
    HostPort up = backend("up");
    Files.createDirectories(stateFile().getParent());
    Files.writeString(
        stateFile(),
        "{\"Listener\":null,\"ServerURL\":\"https://%s\",\"ServerAddresses\":[\"[a\",{},\"x:99999\",\"a:b:c\",\"%s\",\"%s\"]}"
            .formatted(down, up, up));
    try (LoadBalancer lb = open(down)) {
      assertThat(ask(lb)).isEqualTo("up:?");
    }
  }

  @Test
  void findsTheConfiguredServerWhenTheCachedOnesAreGoneOrOthersNow() throws Exception {
    HostPort configured = backend("configured");
    HostPort gone = closedPort();
    HostPort stranger = backend("stranger");
    try (LoadBalancer lb = open(configured)) {
      lb.update(List.of(gone, stranger));
    }
    try (LoadBalancer lb = open(configured)) {
      assertThat(ask(lb)).isEqualTo("stranger:?");
      lb.rejectNewest();
      eventuallyAsks(lb, "configured:?");
    }
  }

  @Test
  void leavesAServerThatTakesConnectionsAndAnswersNone() throws Exception {
    HostPort mute = backend("mute");
    HostPort up = backend("up");
    Probe probe =
        server -> {
          if (server.equals(mute)) {
            throw new IOException("no answer in time");
          }
        };
    try (LoadBalancer lb = open(mute, probe)) {
      lb.update(List.of(mute, up));
      eventuallyAsks(lb, "up:?");
      assertThat(lb.servers().getFirst().address()).isEqualTo(up);
    }
  }

  @Test
  void keepsTheOnlyServerThoughItDoesNotAnswerTheProbe() throws Exception {
    HostPort mute = backend("mute");
    CountDownLatch probed = new CountDownLatch(1);
    Probe probe =
        _ -> {
          probed.countDown();
          throw new IOException("no answer in time");
        };
    try (LoadBalancer lb = open(mute, probe)) {
      lb.update(List.of(mute));
      try (Socket client = connect(lb)) {
        exchange(client, "mute:a");
        probed.await();
        lb.pollHealth();
        client.getOutputStream().write('b');
        assertThat(client.getInputStream().read()).isEqualTo('b');
      }
    }
  }

  @Test
  void doesNotWaitForAServerWhoseAnswerIsLost() throws Exception {
    HostPort up = backend("up");
    try (ServerSocket full = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
        Socket _ = fill(full);
        Socket _ = fill(full);
        LoadBalancer lb = open(new HostPort("127.0.0.1", full.getLocalPort()))) {
      lb.update(List.of(new HostPort("127.0.0.1", full.getLocalPort()), up));
      long began = System.nanoTime();
      assertThat(ask(lb)).isEqualTo("up:?");
      assertThat(System.nanoTime() - began).isLessThan(Dialer.TIMEOUT.toNanos());
    }
  }

  @Test
  void metricsHaveUpstreamsNames() throws Exception {
    HostPort server = backend("one");
    try (LoadBalancer lb = open(server);
        Socket client = connect(lb)) {
      exchange(client, "one:a");
      assertThat(LbMetrics.text(List.of(lb)))
          .contains(
              "k3s_loadbalancer_server_connections{name=\"k3s-agent-load-balancer\",server=\"%s\"} 1\n"
                  .formatted(server))
          .contains(
              "k3s_loadbalancer_server_health{name=\"k3s-agent-load-balancer\",server=\"%s\"} 2\n"
                  .formatted(server))
          .contains(
              "k3s_loadbalancer_dial_duration_seconds_bucket{name=\"k3s-agent-load-balancer\",status=\"success\",le=\"16.384\"} 1\n")
          .contains(
              "k3s_loadbalancer_dial_duration_seconds_count{name=\"k3s-agent-load-balancer\",status=\"success\"} 1\n");
    }
  }

  @Test
  void namesTheFlagWhenItsPortIsTaken() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      LbConfig config = LbConfig.supervisor(closedPort(), other.getLocalPort(), false, directory);
      assertThatThrownBy(() -> LoadBalancer.open(config, HealthSource.UNKNOWN, clock()))
          .isInstanceOf(LbException.class)
          .hasMessageContaining("port " + other.getLocalPort())
          .hasMessageContaining("--lb-server-port")
          .hasMessageContaining("ss -ltnp");
    }
  }

  @Test
  void hasNoDefaultWhenTheConfiguredServerIsItself() throws Exception {
    int port;
    try (LoadBalancer first = open(closedPort())) {
      port = first.localEndpoint().port();
    }
    HostPort itself = new HostPort("127.0.0.1", port);
    try (LoadBalancer lb =
        LoadBalancer.open(
            LbConfig.supervisor(itself, port, false, directory), health(), clock(), silent())) {
      assertThat(lb.servers()).isEmpty();
      assertThat(ask(lb)).isEmpty();
    }
  }

  @Test
  void forgetsConnectionsThatEnded() throws Exception {
    HostPort server = backend("one");
    try (LoadBalancer lb = open(server)) {
      lb.update(List.of(server));
      try (Socket kept = connect(lb)) {
        exchange(kept, "one:a");
        for (int i = 0; i < 20; i++) {
          assertThat(ask(lb)).isEqualTo("one:?");
        }
        while (lb.servers().getFirst().connections() != 1) {
          Thread.onSpinWait();
        }
      }
    }
  }

  private LoadBalancer open(HostPort server) {
    return open(server, silent());
  }

  private LoadBalancer open(HostPort server, Probe probe) {
    LbConfig config = LbConfig.supervisor(server, 0, false, directory);
    return LoadBalancer.open(config, health(), clock(), probe);
  }

  /** Has not found out yet. */
  private static Probe silent() {
    return _ -> {
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    };
  }

  private HealthSource health() {
    return server -> health.getOrDefault(server, Health.UNKNOWN);
  }

  private static InstantSource clock() {
    return InstantSource.system();
  }

  private Path stateFile() {
    return directory.resolve("etc/k3s-agent-load-balancer.json");
  }

  private static Socket connect(LoadBalancer lb) throws IOException {
    return new Socket(InetAddress.ofLiteral("127.0.0.1"), lb.localEndpoint().port());
  }

  private static String ask(LoadBalancer lb) throws IOException {
    try (Socket client = connect(lb)) {
      client.getOutputStream().write('?');
      client.shutdownOutput();
      return text(client);
    } catch (java.net.SocketException e) {
      return "";
    }
  }

  /** A connection that fills the queue of a listener that accepts none. */
  private static Socket fill(ServerSocket listener) throws IOException {
    Socket socket = new Socket();
    socket.connect(listener.getLocalSocketAddress());
    return socket;
  }

  private static void eventuallyAsks(LoadBalancer lb, String expected) throws Exception {
    while (!ask(lb).equals(expected)) {
      var _ = new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
    }
  }

  private static void exchange(Socket client, String expected) throws IOException {
    client.getOutputStream().write('a');
    assertThat(
            new String(
                client.getInputStream().readNBytes(expected.length()), StandardCharsets.UTF_8))
        .isEqualTo(expected);
  }

  private static String text(Socket client) throws IOException {
    return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private static HostPort closedPort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      return new HostPort("127.0.0.1", socket.getLocalPort());
    }
  }

  /** Says its name, then echoes. */
  private HostPort backend(String name) throws IOException {
    @SuppressWarnings("resource")
    ServerSocket listener = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
    group.start(
        name,
        () -> {
          try (listener) {
            while (true) {
              Socket socket = listener.accept();
              group.start(name + "-echo", () -> echo(socket, name));
            }
          } catch (IOException e) {
            throw new InterruptedException(e.getMessage());
          }
        });
    return new HostPort("127.0.0.1", listener.getLocalPort());
  }

  private static void echo(Socket socket, String name) throws InterruptedException {
    try (socket) {
      socket.getOutputStream().write((name + ":").getBytes(StandardCharsets.UTF_8));
      socket.getInputStream().transferTo(socket.getOutputStream());
    } catch (IOException e) {
      throw new InterruptedException(e.getMessage());
    }
  }
}
