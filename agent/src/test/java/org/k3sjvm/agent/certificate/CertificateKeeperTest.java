package org.k3sjvm.agent.certificate;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.join.Join;
import org.k3sjvm.join.JoinConfig;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.join.NodeCertificate;
import org.k3sjvm.join.testing.FakeSupervisor;

@Timeout(60)
class CertificateKeeperTest {
  private static final String SETTINGS =
      """
      {"ClusterIPRange":{"IP":"10.42.0.0","Mask":"//8AAA=="},"ServiceIPRange":{"IP":"10.43.0.0",\
      "Mask":"//8AAA=="},"ServiceNodePortRange":{"Base":30000,"Size":2768},"ClusterDNS":"10.43.0.10",\
      "ClusterDomain":"cluster.local","FlannelBackend":"none","SupervisorPort":6443,"HTTPSPort":6443}
      """;

  @TempDir Path top;
  private FakeSupervisor server;
  private Join join;
  private JoinedNode node;
  private NodeCredentials credentials;
  private CertificateKeeper keeper;
  private Duration ahead = Duration.ZERO;
  private final InstantSource clock = () -> Instant.now().plus(ahead);
  private final List<X509Certificate> told = new ArrayList<>();

  @BeforeEach
  void joinWithCertificatesOfTenMinutes() throws Exception {
    server = new FakeSupervisor.Builder().start();
    server.settings(SETTINGS);
    server.issueFor(Duration.ofMinutes(10));
    startAs(server.token());
  }

  private void startAs(String token) throws InterruptedException {
    JoinConfig config =
        new JoinConfig(
            server.url(),
            server.url(),
            Optional.of(new Secret(token)),
            top.resolve("agent"),
            top.resolve("node"),
            "worker",
            false,
            List.of(InetAddress.ofLiteral("127.0.0.1")),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            JoinConfig.DEFAULT_RUNTIME_ENDPOINT,
            Optional.empty(),
            false);
    join =
        new Join(
            config,
            Join.Host.local(),
            _ -> URI.create("https://api.example:6443"),
            Optional::empty);
    node = join.run();
    credentials = NodeCredentials.of(node);
    credentials.onChange(
        fresh -> told.add(fresh.tls(NodeCertificate.CLIENT_KUBELET).chain().getFirst()));
    keeper = new CertificateKeeper(node, join, credentials, clock, new Random(1));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void asksForNothingUntilItIsTime() throws Exception {
    int before = server.requests().size();
    assertThat(step()).isEqualTo(Duration.ofSeconds(15));
    ahead = Duration.ofMinutes(5);
    step();
    assertThat(server.requests()).hasSize(before);
    assertThat(told).isEmpty();
  }

  @Test
  void renewsInTimeAndTellsThoseWhoShowCertificates() throws Exception {
    X509Certificate old = leaf();
    ahead = Duration.ofMinutes(7);
    step();
    assertThat(told).hasSize(1).doesNotContain(old);
    assertThat(leaf()).isEqualTo(told.getFirst());
    assertThat(node.tls(NodeCertificate.CLIENT_KUBELET).chain().getFirst())
        .isEqualTo(told.getFirst());
    assertThat(server.requests().getLast())
        .isEqualTo("POST /v1-k3s/client-k3s-controller.crt node");
  }

  @Test
  void aFailureKeepsWhatIsInUseAndIsTriedAgainWithLongerWaits() throws Exception {
    server.answer("/v1-k3s/client-kube-proxy.crt", 500, "no");
    X509Certificate old = leaf();
    ahead = Duration.ofMinutes(7);
    Duration first = step();
    assertThat(first).isBetween(Duration.ofSeconds(4), Duration.ofSeconds(8));
    int asked = server.requests().size();
    step();
    assertThat(server.requests()).as("it waits").hasSize(asked);
    assertThat(leaf()).isEqualTo(old);
    assertThat(told).isEmpty();

    ahead = Duration.ofMinutes(7).plusSeconds(8);
    assertThat(step()).isGreaterThan(first);
    server.answerAsUsual("/v1-k3s/client-kube-proxy.crt");
    ahead = Duration.ofMinutes(8);
    step();
    assertThat(told).hasSize(1);
  }

  @Test
  void asksAtOnceWhenFilesWereTakenAway() throws Exception {
    Files.delete(node.files().certificate(NodeCertificate.CLIENT_KUBELET));
    Files.delete(node.files().key(NodeCertificate.CLIENT_KUBELET));
    step();
    assertThat(told).hasSize(1);
    assertThat(node.files().key(NodeCertificate.CLIENT_KUBELET)).exists();
  }

  @Test
  void aStrangeServerOfAnotherClusterIsNotBelieved() throws Exception {
    server.replaceAuthorities();
    List<X509Certificate> before = credentials.held().serverCa();
    keeper.strangeServer();
    step();
    assertThat(credentials.held().serverCa()).isEqualTo(before);
    assertThat(told).isEmpty();
    assertThat(node.files().serverCa()).content().doesNotContain(server.serverCaPem());
  }

  @Test
  void authoritiesThatThoseOfBeforeVouchForAreTakenOver() throws Exception {
    startAs(FakeSupervisor.PASSWORD); // a token that pins nothing
    server.rotateAuthorities();
    keeper.strangeServer();
    step();
    assertThat(credentials.held().serverCa()).hasSize(2);
    assertThat(node.files().serverCa()).hasContent(server.serverCaPem());
  }

  @Test
  void authoritiesThatChangeWithoutATraceAreFoundByAsking() throws Exception {
    server.issueFor(Duration.ofDays(365));
    startAs(FakeSupervisor.PASSWORD);
    server.rotateAuthorities();
    ahead = Duration.ofMinutes(29);
    step();
    assertThat(credentials.held().serverCa()).hasSize(1);
    ahead = Duration.ofMinutes(31);
    step();
    assertThat(credentials.held().serverCa()).hasSize(2);
  }

  @Test
  void authoritiesThatTheTokenDoesNotPinAreNotTakenOver() throws Exception {
    server.rotateAuthorities();
    keeper.strangeServer();
    step();
    assertThat(credentials.held().serverCa()).hasSize(1);
    assertThat(told).isEmpty();
  }

  @Test
  void withATokenThatPinsNothingAStrangerIsNotBelievedEither() throws Exception {
    startAs(FakeSupervisor.PASSWORD);
    server.replaceAuthorities();
    keeper.strangeServer();
    step();
    assertThat(told).isEmpty();
    assertThat(node.files().serverCa()).content().doesNotContain(server.serverCaPem());
  }

  private Duration step() throws InterruptedException {
    return keeper.step(clock.instant());
  }

  private X509Certificate leaf() {
    return credentials.held().tls(NodeCertificate.CLIENT_KUBELET).chain().getFirst();
  }
}
