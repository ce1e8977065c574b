package org.k3sjvm.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.http.ClientRequest;
import org.k3sjvm.http.ClientResponse;
import org.k3sjvm.http.Headers;
import org.k3sjvm.http.HttpClientConnection;
import org.k3sjvm.http.HttpServer;
import org.k3sjvm.http.HttpServerConfig;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.k3sjvm.http.ServerTls;
import org.k3sjvm.http.testing.TestAuthority;

/** Both ends of the tunnel against each other, over TLS on loopback. */
@Timeout(90)
class TunnelTest {
  private static final SessionTiming FAST =
      new SessionTiming(
          Duration.ofMillis(50),
          Duration.ofSeconds(15),
          Duration.ofSeconds(20),
          Duration.ofMillis(200),
          Duration.ofSeconds(5));

  private final TestAuthority servers = new TestAuthority("servers");
  private final TestAuthority clients = new TestAuthority("clients");
  private final TunnelServer tunnelServer = new TunnelServer(FAST);
  private HttpServer supervisor;
  private HttpServer kubelet;
  private Tunnels tunnels;

  TunnelTest() throws IOException {
    supervisor = startSupervisor(0);
    kubelet =
        HttpServer.start(
            new HttpServerConfig(
                "kubelet",
                new HostPort("127.0.0.1", 0),
                Optional.of(new ServerTls(servers.server(), List.of(clients.certificate())))),
            TunnelTest::kubelet);
    tunnels = newTunnels();
  }

  @BeforeEach
  void connect() throws Exception {
    tunnels.serve(List.of(supervisorAddress()));
    eventually(() -> tunnelServer.isConnected("a"));
  }

  @AfterEach
  void stop() {
    tunnels.close();
    tunnelServer.close();
    supervisor.close();
    kubelet.close();
  }

  @Test
  void theServerReachesTheKubeletThroughTheTunnelByTls() throws Exception {
    try (SSLSocket socket = dialTls()) {
      ClientResponse response = HttpClientConnection.over(socket).send(get("/who"));
      assertThat(text(response)).isEqualTo("CN=kube-apiserver");
    }
  }

  @Test
  void manyConnectionsShareTheTunnelAndKeepTheirBytesApart() throws Exception {
    List<CompletableFuture<Void>> all =
        IntStream.range(0, 8)
            .mapToObj(i -> CompletableFuture.runAsync(() -> echoBytes(i, 700_000)))
            .toList();
    for (CompletableFuture<Void> one : all) {
      one.get(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void aReaderThatWaitsPausesItsSenderAndNobodyElse() throws Exception {
    try (Socket slow = dialTls();
        HttpClientConnection client = HttpClientConnection.over(slow)) {
      ClientResponse response = client.send(get("/endless"));
      assertThat(response.body().read()).isEqualTo(0);
      AtomicLong before = new AtomicLong(-1);
      eventually(() -> before.getAndSet(ENDLESS_BYTES.get()) == ENDLESS_BYTES.get());
      assertThat(ENDLESS_BYTES.get()).isLessThan(20_000_000);
      echoBytes(1, 300_000);
      assertThat(response.body().readNBytes(12_000_000)).hasSize(12_000_000);
    }
  }

  @Test
  void anAddressThatIsNotAllowedEndsThatConnectionAlone() throws Exception {
    try (SSLSocket good = dialTls();
        HttpClientConnection client = HttpClientConnection.over(good)) {
      assertThat(text(client.send(get("/who")))).isEqualTo("CN=kube-apiserver");
      try (Socket forbidden = tunnelServer.dial("a", "tcp", "127.0.0.1:22")) {
        assertThatThrownBy(() -> forbidden.getInputStream().read())
            .isInstanceOf(IOException.class)
            .hasMessageContaining("not allowed");
      }
      assertThat(text(client.send(get("/who")))).isEqualTo("CN=kube-apiserver");
    }
  }

  @Test
  void aFailedDialIsToldToTheServer() throws Exception {
    kubelet.close();
    try (Socket socket = tunnelServer.dial("a", "tcp", "127.0.0.1:10250")) {
      assertThatThrownBy(() -> socket.getInputStream().read())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot dial");
    }
  }

  @Test
  void liveConnectionsSurviveTheListsThatTheAgentSends() throws Exception {
    try (SSLSocket socket = dialTls();
        HttpClientConnection client = HttpClientConnection.over(socket)) {
      for (int i = 0; i < 12; i++) {
        assertThat(text(client.send(get("/who")))).isEqualTo("CN=kube-apiserver");
        var _ = new CountDownLatch(1).await(50, TimeUnit.MILLISECONDS);
      }
    }
  }

  @Test
  void aKeystrokeIsAnsweredWhileEveryOtherConnectionCopiesInBulk() throws Exception {
    ENDLESS_BYTES.set(0);
    try (Socket bulk = dialTls();
        HttpClientConnection copy = HttpClientConnection.over(bulk);
        Socket typed = dialTls();
        HttpClientConnection terminal = HttpClientConnection.over(typed)) {
      var endless = copy.send(get("/endless")).body();
      Thread reader = Thread.ofVirtual().start(() -> readAll(endless));
      assertThat(terminal.send(get("/echo")).upgraded()).isTrue();
      for (int i = 0; i < 10; i++) {
        terminal.streams().output().write(i);
        assertThat(terminal.streams().input().read()).isEqualTo(i);
      }
      copy.streams().close();
      reader.join();
    }
    assertThat(ENDLESS_BYTES.get()).isGreaterThan(0);
  }

  @Test
  void aReportTellsAgeBytesRoundTripAndTheLastError() throws Exception {
    HostPort address = supervisorAddress();
    echoBytes(3, 50_000);
    eventually(() -> tunnels.report().getFirst().roundTrip().isPresent());
    TunnelReport up = tunnels.report().getFirst();
    assertThat(up.server()).isEqualTo(address);
    assertThat(up.health()).isEqualTo(TunnelHealth.OK);
    assertThat(up.since()).isPresent();
    assertThat(up.sentBytes()).isGreaterThan(50_000);
    assertThat(up.receivedBytes()).isGreaterThan(50_000);
    assertThat(up.lastError()).isEmpty();
    supervisor.close();
    eventually(() -> tunnels.healthOf(address) == TunnelHealth.FAILED);
    TunnelReport down = tunnels.report().getFirst();
    assertThat(down.lost()).isEqualTo(1);
    assertThat(down.lastError()).isPresent();
    assertThat(down.sentBytes()).isZero();
  }

  @Test
  void aReadTimeoutOfTheSocketHolds() throws Exception {
    try (Socket socket = tunnelServer.dial("a", "tcp", "127.0.0.1:10250")) {
      socket.setSoTimeout(50);
      assertThatThrownBy(() -> socket.getInputStream().read())
          .isInstanceOf(java.net.SocketTimeoutException.class);
    }
  }

  @Test
  void anAgentThatLeavesFailsItsConnectionsAndItsName() throws Exception {
    try (Socket socket = tunnelServer.dial("a", "tcp", "127.0.0.1:10250")) {
      CompletableFuture<Throwable> failure = new CompletableFuture<>();
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  var _ = socket.getInputStream().read();
                } catch (IOException e) {
                  failure.complete(e);
                }
              });
      tunnels.close();
      assertThat(failure.get(10, TimeUnit.SECONDS)).hasMessageContaining("tunnel disconnect");
      eventually(() -> !tunnelServer.isConnected("a"));
      assertThatThrownBy(() -> tunnelServer.dial("a", "tcp", "127.0.0.1:10250"))
          .isInstanceOf(TunnelException.class)
          .hasMessageContaining("node a");
    }
  }

  @Test
  void theTunnelComesBackAfterItsServerDid() throws Exception {
    HostPort address = supervisorAddress();
    assertThat(tunnels.healthOf(address)).isEqualTo(TunnelHealth.OK);
    supervisor.close();
    eventually(() -> tunnels.healthOf(address) == TunnelHealth.FAILED);
    supervisor = startSupervisor(address.port());
    eventually(() -> tunnels.healthOf(address) == TunnelHealth.OK);
    eventually(() -> tunnelServer.isConnected("a"));
    echoBytes(2, 1000);
  }

  @Test
  void serversThatAreNoLongerNamedLoseTheirTunnelButNotByAnEmptyList() throws Exception {
    tunnels.serve(List.of());
    assertThat(tunnels.servers()).containsExactly(supervisorAddress());
    tunnels.serve(List.of(new HostPort("127.0.0.1", 1)));
    eventually(() -> !tunnelServer.isConnected("a"));
    assertThat(tunnels.healthOf(supervisorAddress())).isEqualTo(TunnelHealth.UNKNOWN);
    eventually(() -> tunnels.healthOf(new HostPort("127.0.0.1", 1)) == TunnelHealth.FAILED);
  }

  @Test
  void aServerOfAnotherClusterIsNotTrusted() throws Exception {
    TestAuthority other = new TestAuthority("servers");
    try (Tunnels strangers =
        new Tunnels(() -> other.context(Optional.empty()), Authorizer.NOBODY)) {
      strangers.serve(List.of(supervisorAddress()));
      eventually(() -> strangers.healthOf(supervisorAddress()) == TunnelHealth.FAILED);
    }
  }

  @Test
  void closingWhileTheSocketIsInUseReturns() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Tunnels waiting = newTunnels()) {
      waiting.serve(List.of(new HostPort("127.0.0.1", silent.getLocalPort())));
      assertThat(silent.accept().isConnected()).isTrue();
    }
  }

  private static final AtomicLong ENDLESS_BYTES = new AtomicLong();

  private static void kubelet(Request request, Response response) throws IOException {
    switch (request.path()) {
      case "/who" ->
          response.send(
              200,
              "text/plain",
              request
                  .clientCertificate()
                  .map(X509Certificate::getSubjectX500Principal)
                  .map(Object::toString)
                  .orElse("nobody"));
      case "/echo" -> {
        var raw = response.status(101).header("Connection", "Upgrade").hijack();
        raw.input().transferTo(raw.output());
      }
      default -> {
        OutputStream out = response.body();
        byte[] block = new byte[10_000];
        while (true) {
          out.write(block);
          ENDLESS_BYTES.addAndGet(block.length);
        }
      }
    }
  }

  private static void readAll(InputStream input) {
    try {
      var _ = input.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      // Closed when enough has been seen.
    }
  }

  private void echoBytes(int seed, int size) {
    byte[] data = new byte[size];
    new Random(seed).nextBytes(data);
    try (SSLSocket socket = dialTls();
        HttpClientConnection client = HttpClientConnection.over(socket)) {
      assertThat(client.send(get("/echo")).upgraded()).isTrue();
      Thread writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      client.streams().output().write(data);
                    } catch (IOException e) {
                      client.streams().close();
                    }
                  });
      assertThat(client.streams().input().readNBytes(size)).isEqualTo(data);
      writer.join();
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private SSLSocket dialTls() throws IOException {
    SSLContext context = servers.context(Optional.of(clients.client("CN=kube-apiserver")));
    return (SSLSocket)
        context
            .getSocketFactory()
            .createSocket(
                tunnelServer.dial("a", "tcp", "127.0.0.1:10250"), "127.0.0.1", 10250, true);
  }

  private HttpServer startSupervisor(int port) throws IOException {
    return HttpServer.start(
        new HttpServerConfig(
            "supervisor",
            new HostPort("127.0.0.1", port),
            Optional.of(new ServerTls(servers.server(), List.of(clients.certificate())))),
        (request, response) -> {
          String name =
              request
                  .clientCertificate()
                  .map(certificate -> certificate.getSubjectX500Principal().getName())
                  .orElse("");
          if (!request.path().equals(TunnelServer.PATH) || !name.equals("CN=a")) {
            response.send(403, "text/plain", "no");
            return;
          }
          tunnelServer.accept(request, response, "a");
        });
  }

  private Tunnels newTunnels() {
    SSLContext context = servers.context(Optional.of(clients.client("CN=a")));
    return new Tunnels(
        () -> context,
        (protocol, address) ->
            new EgressRules(EgressMode.AGENT, new HostPort("127.0.0.1", 10250))
                        .decide(protocol, address, EgressView.EMPTY)
                    instanceof EgressDecision.Denied denied
                ? denied
                : new EgressDecision.Allowed(
                    new HostPort("127.0.0.1", kubelet.address().getPort())),
        FAST,
        time -> Sleeper.SYSTEM.sleep(Duration.ofMillis(50)));
  }

  private HostPort supervisorAddress() {
    return new HostPort("127.0.0.1", supervisor.address().getPort());
  }

  private static ClientRequest get(String target) {
    return new ClientRequest("GET", target, Headers.of("Host", "kubelet"));
  }

  private static String text(ClientResponse response) throws IOException {
    return new String(response.body().readAllBytes(), StandardCharsets.UTF_8);
  }

  private static void eventually(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      var _ = new CountDownLatch(1).await(100, TimeUnit.MILLISECONDS);
    }
  }
}
