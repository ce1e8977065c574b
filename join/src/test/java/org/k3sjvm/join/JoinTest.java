package org.k3sjvm.join;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.join.testing.FakeSupervisor;
import org.k3sjvm.join.testing.TestNode;

@Timeout(60)
class JoinTest {
  static final String SETTINGS =
      """
      {"ClusterIPRange":{"IP":"10.42.0.0","Mask":"//8AAA=="},"ServiceIPRange":{"IP":"10.43.0.0",\
      "Mask":"//8AAA=="},"ServiceNodePortRange":{"Base":30000,"Size":2768},"ClusterDNS":"10.43.0.10",\
      "ClusterDomain":"cluster.local","FlannelBackend":"vxlan","SupervisorPort":6443,"HTTPSPort":6443}
      """;

  @TempDir Path top;
  private FakeSupervisor server;
  private final List<Duration> waits = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    server = new FakeSupervisor.Builder().start();
    server.settings(SETTINGS);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void joinsWithAFullTokenAndLeavesTheFilesOfUpstream() throws Exception {
    JoinedNode node = join(Optional.of(server.token())).run();

    assertThat(node.name()).isEqualTo("worker");
    assertThat(node.addresses().primary()).isEqualTo(IpAddresses.parse("10.0.0.7"));
    assertThat(node.settings().clusterDomain()).isEqualTo("cluster.local");
    for (NodeCertificate which : NodeCertificate.values()) {
      assertThat(node.tls(which).chain()).hasSize(2);
      assertThat(mode(node.files().key(which))).isEqualTo("rw-------");
      assertThat(node.files().key(which)).content().contains("BEGIN EC PRIVATE KEY");
    }
    assertThat(node.tls(NodeCertificate.CLIENT_KUBELET).toString())
        .contains("CN=system:node:worker");
    assertThat(mode(node.files().directory())).isEqualTo("rwx------");
    assertThat(node.files().serverCa()).hasContent(server.serverCaPem());
    assertThat(node.files().crictl())
        .hasContent("runtime-endpoint: unix:///run/k3s/containerd/containerd.sock\n");
    assertThat(Files.readString(node.files().kubeProxyKubeconfig()))
        .contains("    server: https://api.example:6443\n")
        .contains("client-key: " + node.files().key(NodeCertificate.CLIENT_KUBE_PROXY));
    assertThat(server.requests())
        .containsExactly(
            "GET /cacerts nobody",
            "GET /v1-k3s/config node",
            "GET /v1-k3s/client-ca.crt node",
            "GET /v1-k3s/server-ca.crt node",
            "POST /v1-k3s/serving-kubelet.crt node",
            "POST /v1-k3s/client-kubelet.crt node",
            "POST /v1-k3s/client-kube-proxy.crt node",
            "POST /v1-k3s/client-k3s-controller.crt node");
    assertThat(waits).isEmpty();
  }

  @Test
  void renewsCertificatesAndKeepsKeysOnTheNextStart() throws Exception {
    JoinedNode first = join(Optional.of(server.token())).run();
    String key = Files.readString(first.files().key(NodeCertificate.CLIENT_KUBELET));
    String certificate =
        Files.readString(first.files().certificate(NodeCertificate.CLIENT_KUBELET));
    join(Optional.of(server.token())).run();
    assertThat(first.files().key(NodeCertificate.CLIENT_KUBELET)).hasContent(key);
    assertThat(Files.readString(first.files().certificate(NodeCertificate.CLIENT_KUBELET)))
        .isNotEqualTo(certificate);
  }

  @Test
  void rejoinsWithoutATokenByTheCertificateAndAuthoritiesOnDisk() throws Exception {
    join(Optional.of(server.token())).run();
    assertThat(join(Optional.empty()).run().name()).isEqualTo("worker");
    assertThat(server.requests().getLast())
        .contains("client-k3s-controller.crt CN=system:node:worker,O=system:nodes");
  }

  @Test
  void saysWhatIsMissingWithoutTokenAndCertificates() {
    assertThatThrownBy(() -> join(Optional.empty()).run())
        .isInstanceOf(JoinException.InvalidToken.class)
        .hasMessageContaining("node-token");
  }

  @Test
  void takesTheKeyThatAnOldServerMade() throws Exception {
    try (FakeSupervisor old = new FakeSupervisor.Builder().withSharedKey().start()) {
      old.settings(SETTINGS);
      JoinedNode node = join(old.url(), old.url(), Optional.of(old.token())).run();
      TlsIdentity kubelet = node.tls(NodeCertificate.CLIENT_KUBELET);
      TlsIdentity proxy = node.tls(NodeCertificate.CLIENT_KUBE_PROXY);
      assertThat(kubelet.key()).isEqualTo(proxy.key());
      assertThat(join(old.url(), old.url(), Optional.of(old.token())).run().name())
          .isEqualTo("worker");
    }
  }

  @Test
  void staysWithItsClusterWhenTheTokenPinsNothing() throws Exception {
    JoinedNode before = join(Optional.of(server.token())).run();
    String former = server.token().substring(3, 67);
    server.replaceAuthorities();
    assertThatThrownBy(() -> join(Optional.of(FakeSupervisor.PASSWORD)).once())
        .isInstanceOf(JoinException.Untrusted.class)
        .hasMessageContaining(former)
        .hasMessageContaining(server.token().substring(3, 67))
        .hasMessageContaining("--allow-new-cluster");
    assertThat(before.files().key(NodeCertificate.CLIENT_KUBELET)).exists();
  }

  @Test
  void goesOverToAClusterThatTheTokenPinsAndKeepsTheFormerIdentityAside() throws Exception {
    JoinedNode before = join(Optional.of(server.token())).run();
    String key = Files.readString(before.files().key(NodeCertificate.CLIENT_KUBELET));
    String password = Files.readString(top.resolve("node/password"));
    server.replaceAuthorities();
    join(Optional.of(server.token())).once();
    Path aside;
    try (var files = Files.list(before.files().directory())) {
      aside =
          files
              .filter(file -> file.getFileName().toString().startsWith("earlier-cluster-"))
              .findFirst()
              .orElseThrow();
    }
    assertThat(aside.resolve("client-kubelet.key")).hasContent(key);
    assertThat(before.files().key(NodeCertificate.CLIENT_KUBELET)).content().isNotEqualTo(key);
    assertThat(top.resolve("node/password")).hasContent(password);
  }

  @Test
  void followsAuthoritiesThatThoseOfBeforeVouchFor() throws Exception {
    join(Optional.of(FakeSupervisor.PASSWORD)).run();
    server.rotateAuthorities();
    assertThat(join(Optional.of(FakeSupervisor.PASSWORD)).once().serverCa()).hasSize(2);
  }

  @Test
  void namesBothDigestsWhenTheTokenPinsAnotherAuthority() {
    String pin = "f3a1".repeat(16);
    String token = "K10" + pin + "::server:" + FakeSupervisor.PASSWORD;
    assertThatThrownBy(() -> join(Optional.of(token)).once())
        .isInstanceOf(JoinException.Untrusted.class)
        .hasMessageContaining(pin)
        .hasMessageContaining(server.token().substring(3, 67))
        .hasMessageContaining("fresh token");
    assertThat(top.resolve("agent/client-ca.crt")).doesNotExist();
  }

  @Test
  void saysThatTheTokenIsWrong() {
    assertThatThrownBy(() -> join(Optional.of("not-the-password")).once())
        .isInstanceOf(JoinException.Unauthorized.class)
        .hasMessageContaining("refuses the token (not authorized, 401)")
        .hasMessageContaining("node-token")
        .hasMessageNotContaining("not-the-password");
  }

  @Test
  void namesBothRemediesWhenTheNodePasswordIsRejected() {
    server.claim("worker");
    assertThatThrownBy(() -> join(Optional.of(server.token())).once())
        .isInstanceOf(JoinException.PasswordRejected.class)
        .hasMessageContaining("--with-node-id")
        .hasMessageContaining(top.resolve("node/password").toString());
    assertThat(top.resolve("node/password")).exists();
    assertThat(top.resolve("agent/serving-kubelet.crt")).doesNotExist();
  }

  @Test
  void saysHowTheServerCouldNotBeReached() throws Exception {
    URI refused;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      refused = URI.create("https://127.0.0.1:" + socket.getLocalPort());
    }
    assertThatThrownBy(() -> join(refused, refused, Optional.of("t")).once())
        .isInstanceOf(JoinException.Unreachable.class)
        .hasMessageContaining(refused + ": connection refused");

    URI unknown = URI.create("https://no-such-host.invalid:6443");
    assertThatThrownBy(() -> join(unknown, unknown, Optional.of("t")).once())
        .isInstanceOf(JoinException.Unreachable.class)
        .hasMessageContaining("not known to DNS");

    Join throughLb =
        new Join(
            config(unknown, refused, Optional.of(new Secret("t"))),
            host(InstantSource.system()),
            settings -> unknown,
            () -> Optional.of("10.0.0.1:6443: no route to the host"));
    assertThatThrownBy(throughLb::once)
        .isInstanceOf(JoinException.Unreachable.class)
        .hasMessageContaining("tried 10.0.0.1:6443: no route to the host");
  }

  @Test
  void blamesTheClockWhenCertificatesAreNotValidYet() throws Exception {
    Instant future = Instant.now().plus(Duration.ofDays(400));
    try (FakeSupervisor ahead =
        new FakeSupervisor.Builder().valid(future, Duration.ofDays(10)).start()) {
      assertThatThrownBy(() -> join(ahead.url(), ahead.url(), Optional.of("t")).once())
          .isInstanceOf(JoinException.Untrusted.class)
          .hasMessageContaining("not valid now")
          .hasMessageContaining("set the clock");
    }
  }

  @Test
  void refusesAServerThatDoesNotStandOnTheAuthoritiesItOffers() throws Exception {
    try (FakeSupervisor other = new FakeSupervisor.Builder().start()) {
      server.answer("/cacerts", 200, other.serverCaPem());
      assertThatThrownBy(() -> join(Optional.of(other.token())).once())
          .isInstanceOf(JoinException.Untrusted.class)
          .hasMessageContaining("does not stand on the cluster's authorities");
      assertThat(server.requests()).noneMatch(request -> request.contains("v1-k3s"));
    }
  }

  @Test
  void saysThatTheNameIsNotInTheCertificate() throws Exception {
    try (FakeSupervisor other =
        new FakeSupervisor.Builder()
            .named("elsewhere", InetAddress.ofLiteral("192.0.2.1"))
            .start()) {
      assertThatThrownBy(() -> join(other.url(), other.url(), Optional.of("t")).once())
          .isInstanceOf(JoinException.Untrusted.class)
          .hasMessageContaining("--tls-san");
    }
  }

  @Test
  void waitsTwoSecondsForTrustAndFiveToTenForAPass() throws Exception {
    server.answer("/v1-k3s/config", 503, "starting");
    Join join =
        joinWith(
            time -> {
              waits.add(time);
              server.answerAsUsual("/v1-k3s/config");
            });
    assertThat(join.run().name()).isEqualTo("worker");
    assertThat(waits).hasSize(1);
    assertThat(waits.getFirst()).isBetween(Duration.ofSeconds(5), Duration.ofSeconds(10));

    waits.clear();
    server.answer("/cacerts", 200, "nothing");
    Join untrusted =
        joinWith(
            time -> {
              waits.add(time);
              server.answerAsUsual("/cacerts");
            });
    assertThat(untrusted.run().name()).isEqualTo("worker");
    assertThat(waits).containsExactly(Duration.ofSeconds(2));
  }

  @Test
  void repeatsTheRequestWithoutCertificateWhenItsNodeIsGone() throws Exception {
    join(Optional.of(server.token())).run();
    server.answer("/v1-k3s/serving-kubelet.crt", 401, "gone");
    assertThatThrownBy(() -> join(Optional.of(server.token())).once())
        .isInstanceOf(JoinException.Unauthorized.class);
    assertThat(server.requests().stream().filter(r -> r.contains("serving-kubelet")).count())
        .isEqualTo(3);
  }

  @Test
  void refusesADownLevelServerBeforeItAsksForCertificates() {
    server.settings(SETTINGS.replace("ServiceNodePortRange", "Other"));
    assertThatThrownBy(() -> join(Optional.of(server.token())).once())
        .isInstanceOf(JoinException.BadAnswer.class)
        .hasMessageContaining("down-level");
    assertThat(server.requests()).noneMatch(request -> request.startsWith("POST"));
  }

  @Test
  void doesNotReplaceACertificateByOneThatDoesNotFitItsKey() throws Exception {
    JoinedNode node = join(Optional.of(server.token())).run();
    String before = Files.readString(node.files().certificate(NodeCertificate.CLIENT_KUBELET));
    server.answer("/v1-k3s/client-kubelet.crt", 200, server.serverCaPem());
    assertThatThrownBy(() -> join(Optional.of(server.token())).once())
        .isInstanceOf(JoinException.BadAnswer.class)
        .hasMessageContaining("client-kubelet");
    assertThat(node.files().certificate(NodeCertificate.CLIENT_KUBELET)).hasContent(before);
  }

  @Test
  void namesTheFileThatCannotBeWritten() throws Exception {
    Files.writeString(top.resolve("agent"), "in the way");
    assertThatThrownBy(() -> join(Optional.of(server.token())).once())
        .isInstanceOf(JoinException.HostUnfit.class)
        .hasMessageContaining(top.resolve("agent").toString());
  }

  @Test
  void givesTheSupervisorToThoseWhoFollow() throws Exception {
    Join join = join(Optional.of(server.token()));
    join.run();
    try (HttpSupervisor supervisor = join.connect()) {
      assertThat(supervisor.apiServers()).hasSize(1);
      assertThat(supervisor.ready()).isTrue();
      server.answer("/v1-k3s/readyz", 503, "");
      assertThat(supervisor.ready()).isFalse();
      server.answer("/v1-k3s/readyz", 401, "");
      assertThat(supervisor.ready()).isTrue();
      server.answer("/v1-k3s/apiservers", 403, "");
      assertThatThrownBy(supervisor::apiServers)
          .isInstanceOf(JoinException.BadAnswer.class)
          .hasMessageContaining("/v1-k3s/apiservers: 403");
    }
  }

  private Join join(Optional<String> token) {
    return join(server.url(), server.url(), token);
  }

  private Join join(URI url, URI endpoint, Optional<String> token) {
    return new Join(
        config(url, endpoint, token.map(Secret::new)),
        host(InstantSource.system()),
        settings -> URI.create("https://api.example:6443"),
        Optional::empty);
  }

  private Join joinWith(org.k3sjvm.base.time.Sleeper sleeper) {
    Join.Host usual = host(InstantSource.system());
    return new Join(
        config(server.url(), server.url(), Optional.of(new Secret(server.token()))),
        new Join.Host(usual.network(), usual.resolvConfs(), usual.clock(), sleeper, usual.random()),
        settings -> server.url(),
        Optional::empty);
  }

  private Join.Host host(InstantSource clock) {
    return new Join.Host(TestNode.NETWORK, List.of(), clock, waits::add, new Random(1));
  }

  private JoinConfig config(URI url, URI endpoint, Optional<Secret> token) {
    return TestNode.config(url, endpoint, token, top);
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }
}
