package org.k3sjvm.server.supervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.CertificateAuthority.Subject;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.TlsContexts;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.http.HttpServer;
import org.k3sjvm.http.HttpServerConfig;
import org.k3sjvm.http.ServerTls;
import org.k3sjvm.join.HttpSupervisor;
import org.k3sjvm.join.Join;
import org.k3sjvm.join.JoinConfig;
import org.k3sjvm.join.JoinException;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.join.LinuxHostNetwork;
import org.k3sjvm.join.NodeCertificate;
import org.k3sjvm.nodepassword.PasswordHash;
import org.k3sjvm.server.api.access.Authenticator;
import org.k3sjvm.server.api.access.User;
import org.k3sjvm.server.auth.Authentication;
import org.k3sjvm.server.auth.NodePasswordStore;
import org.k3sjvm.server.auth.NodePasswords;
import org.k3sjvm.server.auth.NodeProof;
import org.k3sjvm.server.auth.Passwords;
import org.k3sjvm.server.pki.ClusterPki;
import org.k3sjvm.server.pki.PkiConfig;

@Timeout(60)
class SupervisorTest {
  @TempDir Path top;
  private final Map<String, String> hashes = new ConcurrentHashMap<>();
  private final Map<String, Boolean> nodes = new ConcurrentHashMap<>();
  private ClusterPki pki;
  private HttpServer server;
  private volatile boolean ready = true;

  @BeforeEach
  void start() throws Exception {
    pki = open(InstantSource.system(), Optional.empty());
    Authenticator bearers =
        request ->
            Authenticator.bearer(request)
                .filter("abcdef.0123456789abcdef"::equals)
                .map(token -> User.of("system:bootstrap:abcdef", List.of("system:bootstrappers")));
    SupervisorHandler handler =
        new SupervisorHandler(
            new SupervisorConfig(
                6443,
                List.of(Cidr.parse("10.42.0.0/16")),
                List.of(Cidr.parse("10.43.0.0/16")),
                30000,
                2768,
                List.of(IpAddresses.parse("10.43.0.10")),
                "cluster.local",
                "vxlan",
                "agent",
                false,
                false,
                false,
                "srv1",
                List.of("srv1")),
            pki,
            InstantSource.system(),
            Authentication.inOrder(new Passwords(pki.tokens()), bearers),
            new NodeProof(new NodePasswords(store(), new SecureRandom())),
            state(),
            (node, request, response) -> response.send(200, "text/plain", "tunnel of " + node),
            (request, response) -> response.send(404, "text/plain", "the API"));
    server =
        HttpServer.start(
            new HttpServerConfig(
                "test",
                new HostPort("127.0.0.1", 0),
                Optional.of(new ServerTls(pki.serving(), List.of(pki.clientCa().certificate())))),
            handler);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void letsARealNodeJoinAndRejoin() throws Exception {
    String token = Files.readString(top.resolve("server/node-token")).strip();
    JoinedNode node = join("one", token).once();

    assertThat(node.settings().clusterCidrs()).containsExactly(Cidr.parse("10.42.0.0/16"));
    assertThat(node.settings().nodePorts().last()).isEqualTo(32767);
    assertThat(node.settings().separateApiServerPort()).isFalse();
    X509Certificate serving = node.tls(NodeCertificate.SERVING_KUBELET).chain().getFirst();
    assertThat(serving.getSubjectX500Principal().getName()).isEqualTo("CN=one");
    assertThat(serving.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
    assertThat(serving.getSubjectAlternativeNames().toString())
        .contains("one", "localhost", "127.0.0.1", "10.0.0.7");
    assertThat(serving.getNotAfter().toInstant())
        .isBetween(
            Instant.now().plus(Duration.ofDays(364)), Instant.now().plus(Duration.ofDays(366)));
    X509Certificate kubelet = node.tls(NodeCertificate.CLIENT_KUBELET).chain().getFirst();
    assertThat(kubelet.getSubjectX500Principal().getName())
        .isEqualTo("CN=system:node:one,O=system:nodes");
    assertThat(node.files().serverCa()).hasContent(pki.serverCaPem());
    assertThat(hashes.get("one")).startsWith("$1:");

    nodes.put("one", true);
    assertThat(join("one", "").once().name()).isEqualTo("one");
    try (HttpSupervisor supervisor = join("one", token).connect()) {
      assertThat(supervisor.apiServers()).containsExactly(new HostPort("10.0.0.1", 6443));
      assertThat(supervisor.ready()).isTrue();
      ready = false;
      assertThat(supervisor.ready()).isFalse();
    }
  }

  @Test
  void refusesANameThatHasAnotherPassword() {
    hashes.put("one", PasswordHash.of(new Secret("other"), new SecureRandom()).text());
    String kept = hashes.get("one");
    assertThatThrownBy(() -> join("one", token()).once())
        .isInstanceOf(JoinException.PasswordRejected.class)
        .hasMessageContaining("hash does not match");
    hashes.put("one", "$1:0011223344556677:31:8:1:AAAA");
    assertThatThrownBy(() -> join("one", token()).once())
        .isInstanceOf(JoinException.PasswordRejected.class);
    assertThat(kept).isNotEmpty();
  }

  @Test
  void refusesAWrongTokenAndAnOldNodeThatWasDeleted() throws Exception {
    assertThatThrownBy(() -> join("one", "wrong").once())
        .isInstanceOf(JoinException.Unauthorized.class)
        .hasMessageContaining("not authorized");
    join("one", token()).once();
    assertThatThrownBy(() -> join("one", "").once()).isInstanceOf(JoinException.Unauthorized.class);
  }

  @Test
  void acceptsBootstrapTokens() throws Exception {
    assertThat(join("two", "abcdef.0123456789abcdef").once().name()).isEqualTo("two");
  }

  @Test
  void asksForRolesPathByPath() throws Exception {
    assertThat(get("/ping", Optional.empty())).isEqualTo("200 pong");
    assertThat(get("/cacerts", Optional.empty())).isEqualTo("200 " + pki.serverCaPem());
    assertThat(get("/v1-k3s/config", Optional.empty())).startsWith("403").contains("forbidden");
    assertThat(get("/v1-k3s/config", Optional.of(pki.admin()))).startsWith("403");
    assertThat(get("/v1-k3s/connect", Optional.empty())).startsWith("403");
    assertThat(get("/api", Optional.empty())).isEqualTo("404 the API");

    TlsIdentity node = pki.issue(pki.clientCa(), Subject.client("system:node:one", "system:nodes"));
    assertThat(get("/v1-k3s/connect", Optional.of(node))).isEqualTo("200 tunnel of one");
    KeyPair key = Keys.generate();
    TlsIdentity forged =
        new TlsIdentity(
            List.of(
                CertificateAuthority.selfSigned(
                        "system:node:one", key, Instant.now(), Duration.ofDays(1))
                    .certificate()),
            key.getPrivate());
    assertThat(get("/v1-k3s/connect", Optional.of(forged))).startsWith("403");
  }

  @Test
  void givesOldAgentsAKeyOfItsOwn() throws Exception {
    TlsIdentity node = pki.issue(pki.clientCa(), Subject.client("system:node:one", "system:nodes"));
    assertThat(get("/v1-k3s/client-kube-proxy.crt", Optional.of(node)))
        .contains("BEGIN CERTIFICATE")
        .contains("BEGIN EC PRIVATE KEY");
    assertThat(get("/v1-k3s/client-kubelet.crt", Optional.of(node)))
        .startsWith("400")
        .contains("node name not set");
  }

  @Test
  void keepsTheClusterWhenItIsOpenedAgain() throws Exception {
    Path files = top.resolve("server");
    String token = Files.readString(files.resolve("token"));
    String serving = Files.readString(files.resolve("tls/serving-kube-apiserver.crt"));
    ClusterPki again = open(InstantSource.system(), Optional.empty());
    assertThat(again.serverCaPem()).isEqualTo(pki.serverCaPem());
    assertThat(files.resolve("token")).hasContent(token);
    assertThat(files.resolve("tls/serving-kube-apiserver.crt")).hasContent(serving);
    assertThat(again.serviceKey().getPublic()).isEqualTo(pki.serviceKey().getPublic());
    assertThat(token).matches("K10[0-9a-f]{64}::server:[0-9a-f]{32}\n");
    assertThat(Files.readSymbolicLink(files.resolve("node-token")))
        .isEqualTo(files.resolve("token"));
    assertThat(Files.readSymbolicLink(files.resolve("agent-token")))
        .isEqualTo(files.resolve("token"));
    for (String owned : List.of("token", "tls/server-ca.key", "tls/service.key", "cred/passwd")) {
      assertThat(mode(files.resolve(owned))).as(owned).isEqualTo("rw-------");
    }
    assertThat(mode(top.resolve("k3s.yaml"))).isEqualTo("rw-------");
    assertThat(top.resolve("k3s.yaml")).content().contains("server: https://127.0.0.1:6443\n");
  }

  @Test
  void renewsItsCertificatesAndTakesANewToken() throws Exception {
    Path serving = top.resolve("server/tls/serving-kube-apiserver.crt");
    String before = Files.readString(serving);
    open(InstantSource.fixed(Instant.now().plus(Duration.ofDays(300))), Optional.empty());
    assertThat(Files.readString(serving)).isNotEqualTo(before);

    ClusterPki changed = open(InstantSource.system(), Optional.of("K10::server:ne,w"));
    assertThat(changed.tokens().server().reveal()).isEqualTo("ne,w");
    assertThat(open(InstantSource.system(), Optional.empty()).tokens().server().reveal())
        .isEqualTo("ne,w");
    assertThat(changed.serverCaPem()).isEqualTo(pki.serverCaPem());
  }

  private String get(String path, Optional<TlsIdentity> identity) throws Exception {
    try (HttpClient client =
        HttpClient.newBuilder()
            .sslContext(TlsContexts.of(List.of(pki.serverCa().certificate()), identity))
            .build()) {
      HttpResponse<String> response =
          client.send(
              HttpRequest.newBuilder(url().resolve(path)).build(),
              HttpResponse.BodyHandlers.ofString());
      return response.statusCode() + " " + response.body();
    }
  }

  private URI url() {
    return URI.create("https://127.0.0.1:" + server.address().getPort());
  }

  private String token() {
    return pki.agentToken().reveal();
  }

  private ClusterPki open(InstantSource clock, Optional<String> token) {
    return ClusterPki.open(
        new PkiConfig(
            top.resolve("server"),
            "cluster.local",
            List.of("srv1", "10.0.0.1"),
            IpAddresses.parse("10.43.0.1"),
            token.map(Secret::new),
            Optional.empty(),
            top.resolve("k3s.yaml"),
            URI.create("https://127.0.0.1:6443")),
        clock,
        new SecureRandom());
  }

  private Join join(String node, String token) {
    return new Join(
        new JoinConfig(
            url(),
            url(),
            token.isEmpty() ? Optional.empty() : Optional.of(new Secret(token)),
            top.resolve("agent-" + node),
            top.resolve("node-" + node),
            node,
            false,
            List.of(IpAddresses.parse("10.0.0.7")),
            List.of(),
            Optional.empty(),
            Optional.of(Path.of("/etc/resolv.conf")),
            JoinConfig.DEFAULT_RUNTIME_ENDPOINT,
            Optional.empty(),
            false),
        new Join.Host(
            new LinuxHostNetwork(),
            List.of(),
            InstantSource.system(),
            time -> {},
            new SecureRandom()),
        settings -> url(),
        Optional::empty);
  }

  private NodePasswordStore store() {
    return new NodePasswordStore() {
      @Override
      public Optional<String> find(String node) {
        return Optional.ofNullable(hashes.get(node));
      }

      @Override
      public boolean create(String node, String hash) {
        return hashes.putIfAbsent(node, hash) == null;
      }

      @Override
      public boolean nodeExists(String node) {
        return nodes.containsKey(node);
      }
    };
  }

  private ClusterState state() {
    return new ClusterState() {
      @Override
      public boolean ready() {
        return ready;
      }

      @Override
      public List<HostPort> apiServers() {
        return List.of(new HostPort("10.0.0.1", 6443));
      }
    };
  }

  private static String mode(Path file) throws Exception {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }
}
