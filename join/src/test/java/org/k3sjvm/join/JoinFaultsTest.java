package org.k3sjvm.join;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.finding.Finding;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.join.DryRunReport.Outcome;
import org.k3sjvm.join.DryRunReport.Stage;
import org.k3sjvm.join.DryRunReport.Step;
import org.k3sjvm.join.testing.FakeSupervisor;
import org.k3sjvm.join.testing.TestNode;

/**
 * What keeps nodes from joining, one fault after the other: the agent's own words, which go into
 * STATUS= and the log, and the dry run's finding name the same cause, and no file is left broken.
 */
@Timeout(60)
class JoinFaultsTest {
  @TempDir Path top;
  private FakeSupervisor server;

  @BeforeEach
  void start() throws IOException {
    server = new FakeSupervisor.Builder().start();
    server.settings(JoinTest.SETTINGS);
    Files.writeString(top.resolve("machine-id"), "here\n");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void unknownName() throws Exception {
    URI url = URI.create("https://no-such-host.invalid:6443");
    expect(url, server.token(), "not known to DNS", Stage.DNS, "server-name");
  }

  @Test
  void closedPort() throws Exception {
    URI url;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      url = URI.create("https://127.0.0.1:" + socket.getLocalPort());
    }
    expect(url, server.token(), "connection refused", Stage.TCP, "server-refuses");
  }

  @Test
  void nobodyAnswersAfterTheConnection() throws Exception {
    // A full backlog drops further connects as a black hole does; a short one takes them and is
    // silent.
    try (ServerSocket silent = new ServerSocket(0, 8, InetAddress.ofLiteral("127.0.0.1"))) {
      URI url = URI.create("https://127.0.0.1:" + silent.getLocalPort());
      Instant began = Instant.now();
      expect(url, server.token(), "no answer within 10 s", Stage.TLS, "server-tls");
      assertThat(Duration.between(began, Instant.now())).isLessThan(Duration.ofSeconds(20));
    }
  }

  @Test
  void anotherProgramWithoutTls() throws Exception {
    try (ServerSocket plain = new ServerSocket(0, 8, InetAddress.ofLiteral("127.0.0.1"))) {
      Thread.ofVirtual()
          .start(
              () -> {
                while (!plain.isClosed()) {
                  try (var caller = plain.accept()) {
                    caller.getInputStream().readNBytes(1);
                    caller
                        .getOutputStream()
                        .write("HTTP/1.0 400 Bad\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                  } catch (IOException e) {
                    // the test is over, or the caller left
                  }
                }
              });
      URI url = URI.create("https://127.0.0.1:" + plain.getLocalPort());
      expect(url, server.token(), "cannot reach", Stage.TLS, "server-tls");
    }
  }

  @Test
  void certificateOfAForeignAuthority() throws Exception {
    try (FakeSupervisor other = new FakeSupervisor.Builder().start()) {
      server.answer("/cacerts", 200, other.serverCaPem());
      expect(
          server.url(),
          other.token(),
          "does not stand on the cluster's authorities",
          Stage.AUTHORITIES,
          "ca-foreign");
    }
  }

  @Test
  void clusterMadeAnewSinceTheNodeJoined() throws Exception {
    join(config(server.url(), Optional.of(server.token())), host(InstantSource.system()), _ -> {});
    server.replaceAuthorities();
    expect(
        server.url(),
        FakeSupervisor.PASSWORD,
        "belongs to the cluster",
        Stage.AUTHORITIES,
        "another-cluster");
  }

  @Test
  void tokenOfAnotherCluster() throws Exception {
    String token = "K10" + "f3a1".repeat(16) + "::server:" + FakeSupervisor.PASSWORD;
    expect(server.url(), token, "the token pins CA f3a1", Stage.AUTHORITIES, "ca-pin");
  }

  @Test
  void certificateWithoutTheName() throws Exception {
    try (FakeSupervisor other =
        new FakeSupervisor.Builder()
            .named("elsewhere", InetAddress.ofLiteral("192.0.2.1"))
            .start()) {
      expect(other.url(), other.token(), "--tls-san", Stage.AUTHORITIES, "server-certificate-name");
    }
  }

  @Test
  void wrongToken() throws Exception {
    expect(server.url(), "not-the-password", "refuses the token", Stage.TOKEN, "token-refused");
  }

  @Test
  void expiredBootstrapToken() throws Exception {
    DryRunReport report =
        expect(
            server.url(),
            "abcdef.0123456789abcdef",
            "refuses the token",
            Stage.TOKEN,
            "token-refused");
    assertThat(report.findings())
        .filteredOn(Finding::hinders)
        .singleElement()
        .satisfies(f -> assertThat(f.cause()).contains("bootstrap tokens expire"))
        .satisfies(f -> assertThat(f.repair()).contains("k3s token create"));
  }

  @Test
  void noTokenAtAll() throws Exception {
    JoinConfig config = config(server.url(), Optional.of(""));
    assertThatThrownBy(() -> join(config, host(InstantSource.system()), _ -> {}))
        .isInstanceOf(JoinException.InvalidToken.class)
        .hasMessageContaining("it is empty");
    DryRunReport report = dryRun(config, InstantSource.system());
    assertThat(report.failedAt()).contains(Stage.TOKEN);
    assertThat(report.findings()).extracting(Finding::id).contains("token-invalid");
  }

  @Test
  void nameOfAnotherMachine() throws Exception {
    server.claim("worker");
    server.answer("/version", 200, "{\"gitVersion\":\"v1.36.3+k3s1\"}");
    server.answer(
        "/api/v1/nodes/worker",
        200,
        """
        {"status":{"nodeInfo":{"machineID":"there"},"addresses":[{"type":"InternalIP",\
        "address":"10.0.0.9"}],"conditions":[{"type":"Ready","status":"True"}]}}""");
    DryRunReport report =
        expect(
            server.url(),
            server.token(),
            "rejects the password of node worker",
            Stage.PASSWORD,
            "node-name-taken");
    assertThat(report.steps())
        .contains(new Step(Stage.VERSION, Outcome.PASSED, "v1.36.3+k3s1"))
        .filteredOn(step -> step.stage() == Stage.PASSWORD)
        .singleElement()
        .satisfies(step -> assertThat(step.outcome()).isEqualTo(Outcome.FAILED));
  }

  @Test
  void clockYearsOff() throws Exception {
    Instant future = Instant.now().plus(Duration.ofDays(800));
    try (FakeSupervisor ahead =
        new FakeSupervisor.Builder().valid(future, Duration.ofDays(10)).start()) {
      expect(
          ahead.url(), ahead.token(), "set the clock", Stage.AUTHORITIES, "certificate-validity");
      InstantSource behind = () -> Instant.now().minus(Duration.ofDays(2000));
      DryRunReport report = dryRun(config(ahead.url(), Optional.of(ahead.token())), behind);
      assertThat(report.failedAt()).contains(Stage.CLOCK);
      assertThat(report.findings()).extracting(Finding::id).contains("clock", "clock-certificate");
      assertThat(report.findings().getFirst().message()).contains("days behind the server's");
    }
  }

  @Test
  void serverAnswers503() throws Exception {
    server.answer("/v1-k3s/config", 503, "starting");
    expect(server.url(), server.token(), "not ready", Stage.SERVER, "server-not-ready");
  }

  @Test
  void aWebServerAnswers() throws Exception {
    server.answer("/cacerts", 200, "<html>Welcome to nginx!</html>");
    expect(server.url(), "abc", "is it a k3s server?", Stage.AUTHORITIES, "not-a-k3s-server");
    server.answer("/cacerts", 404, "<html>Not found</html>");
    expect(server.url(), "abc", "is it a k3s server?", Stage.AUTHORITIES, "not-a-k3s-server");
  }

  @Test
  void settingsOfAServerThatIsTooOld() throws Exception {
    server.settings(JoinTest.SETTINGS.replace("ServiceNodePortRange", "Other"));
    expect(server.url(), server.token(), "down-level", Stage.SERVER, "server-answer");
  }

  @Test
  void noAddressOfTheClustersFamily() throws Exception {
    server.settings(
        JoinTest.SETTINGS
            .replace("{\"IP\":\"10.42.0.0\",\"Mask\":\"//8AAA==\"}", IPV6_NETWORK)
            .replace("{\"IP\":\"10.43.0.0\",\"Mask\":\"//8AAA==\"}", IPV6_NETWORK));
    JoinConfig config = config(server.url(), Optional.of(server.token()));
    assertThatThrownBy(() -> join(config, host(InstantSource.system()), _ -> {}))
        .hasMessageContaining("the cluster uses IPv6");
    DryRunReport report = dryRun(config, InstantSource.system());
    assertThat(report.failedAt()).contains(Stage.ADDRESSES);
  }

  private static final String IPV6_NETWORK =
      "{\"IP\":\"fd00:42::\",\"Mask\":\"/////////wAAAAAAAAAAAA==\"}";

  @Test
  void aDryRunPassesWhereAJoinWouldAndLeavesNoTrace() throws Exception {
    Map<Path, String> before = files();
    server.answer("/version", 200, "{\"gitVersion\":\"v1.36.3+k3s1\"}");
    server.answer("/api/v1/nodes/worker", 404, "");
    DryRunReport report =
        dryRun(config(server.url(), Optional.of(server.token())), InstantSource.system());
    assertThat(report.findings()).isEmpty();
    assertThat(report.failedAt()).isEmpty();
    assertThat(report.steps())
        .allSatisfy(step -> assertThat(step.outcome()).isEqualTo(Outcome.PASSED));
    assertThat(files()).isEqualTo(before);
    assertThat(server.requests()).noneMatch(request -> request.contains("kubelet.crt"));
  }

  /** The agent says it and tries again; the dry run says it; what was on disk is as it was. */
  private DryRunReport expect(URI url, String token, String words, Stage stage, String id)
      throws Exception {
    Map<Path, String> before = files();
    JoinConfig config = config(url, Optional.of(token));
    List<String> said = new ArrayList<>();
    assertThatThrownBy(() -> join(config, host(InstantSource.system()), said::add))
        .isInstanceOf(InterruptedException.class);
    assertThat(said).singleElement().asString().contains(words).doesNotContain("\n");
    assertThat(files()).allSatisfy((file, text) -> assertIsWhole(file, text, before));
    DryRunReport report = dryRun(config, InstantSource.system());
    assertThat(report.failedAt()).contains(stage);
    assertThat(report.findings())
        .filteredOn(Finding::hinders)
        .extracting(Finding::id)
        .containsExactly(id);
    assertThat(report.findings())
        .allSatisfy(finding -> assertThat(finding.toString()).doesNotContain(token));
    return report;
  }

  /**
   * Only the node's own password and id, and authorities of a server that was trusted, may be new.
   */
  private static void assertIsWhole(Path file, String text, Map<Path, String> before) {
    if (before.containsKey(file)) {
      assertThat(text).isEqualTo(before.get(file));
    } else if (file.toString().endsWith(".crt")) {
      assertThat(text).contains("BEGIN CERTIFICATE").endsWith("-----END CERTIFICATE-----\n");
    } else if (file.toString().endsWith(".key")) {
      assertThat(text).contains("PRIVATE KEY").endsWith("PRIVATE KEY-----\n");
    } else {
      assertThat(text).matches("[0-9a-f]+\n");
    }
  }

  private Map<Path, String> files() throws IOException {
    Map<Path, String> contents = new TreeMap<>();
    try (Stream<Path> all = Files.walk(top)) {
      all.filter(Files::isRegularFile).forEach(file -> contents.put(file, read(file)));
    }
    return contents;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private DryRunReport dryRun(JoinConfig config, InstantSource clock) throws Exception {
    return new DryRun(config, host(clock), top.resolve("machine-id")).run();
  }

  private static void join(JoinConfig config, Join.Host host, Consumer<String> waiting)
      throws InterruptedException {
    new Join(config, host, _ -> URI.create("https://api.example:6443"), Optional::empty)
        .run(waiting);
  }

  /** Whose first wait ends the try. */
  private static Join.Host host(InstantSource clock) {
    return new Join.Host(
        TestNode.NETWORK,
        List.of(),
        clock,
        _ -> {
          throw new InterruptedException("one try is enough");
        },
        new Random(1));
  }

  private JoinConfig config(URI url, Optional<String> token) {
    return TestNode.config(url, url, token.map(Secret::new), top);
  }
}
