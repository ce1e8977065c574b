package org.k3sjvm.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.http.testing.TestAuthority;

@Timeout(60)
class HttpsServerTest {
  private final TestAuthority servers = new TestAuthority("servers");
  private final TestAuthority clients = new TestAuthority("clients");
  private final ServerTls tls = new ServerTls(servers.server(), List.of(clients.certificate()));
  private Optional<HttpServer> server = Optional.empty();

  @BeforeEach
  void start() throws IOException {
    server =
        Optional.of(
            HttpServer.start(
                new HttpServerConfig("test", new HostPort("127.0.0.1", 0), Optional.of(tls)),
                (request, response) -> {
                  if (request.path().equals("/echo")) {
                    HttpServerTest.echo(request, response);
                    return;
                  }
                  response.send(
                      200,
                      "text/plain",
                      request
                          .clientCertificate()
                          .map(X509Certificate::getSubjectX500Principal)
                          .map(Object::toString)
                          .orElse("nobody"));
                }));
  }

  @AfterEach
  void stop() {
    server.ifPresent(HttpServer::close);
  }

  @Test
  void tellsTheHandlerWhoTheClientIs() throws Exception {
    assertThat(ask(Optional.of(clients.client("O=system:nodes,CN=system:node:a"))))
        .contains("CN=system:node:a")
        .contains("O=system:nodes");
  }

  @Test
  void aClientWithoutACertificateIsNobody() throws Exception {
    assertThat(ask(Optional.empty())).isEqualTo("nobody");
  }

  @Test
  void aCertificateOfAForeignAuthorityIsWorthNothing() throws Exception {
    TestAuthority foreign = new TestAuthority("clients");
    assertThat(ask(Optional.of(foreign.client("O=system:masters,CN=admin")))).isEqualTo("nobody");
  }

  @Test
  void aServersCertificateIsNoClientsCertificate() throws Exception {
    assertThat(ask(Optional.of(clients.server()))).isEqualTo("nobody");
  }

  @Test
  void withoutAuthoritiesNoCertificateCounts() throws Exception {
    tls.replaceClientAuthorities(List.of());
    assertThat(ask(Optional.of(clients.client("CN=a")))).isEqualTo("nobody");
  }

  @Test
  void newConnectionsSeeAReplacedCertificate() throws Exception {
    SSLContext context = servers.context(Optional.empty());
    X509Certificate before = serverCertificate(context);
    tls.replaceIdentity(servers.server());
    assertThat(serverCertificate(context)).isNotEqualTo(before);
  }

  @Test
  void aResumedSessionKeepsTheClientsCertificate() throws Exception {
    SSLContext context = servers.context(Optional.of(clients.client("CN=again")));
    for (int i = 0; i < 3; i++) {
      try (SSLSocket socket = connect(context)) {
        ClientResponse response = HttpClientConnection.over(socket).send(HttpServerTest.get("/"));
        assertThat(HttpServerTest.text(response)).isEqualTo("CN=again");
      }
    }
  }

  @Test
  void megabytesPassBothWaysAfterAnUpgrade() throws Exception {
    try (SSLSocket socket = connect(servers.context(Optional.empty()));
        HttpClientConnection client = HttpClientConnection.over(socket)) {
      ClientResponse response =
          client.send(
              new ClientRequest(
                  "GET",
                  "/echo",
                  Headers.of("Host", "a", "Connection", "Upgrade", "Upgrade", "x")));
      assertThat(response.upgraded()).isTrue();
      HttpServerTest.roundTrip(client.streams(), 5_000_000);
    }
  }

  @Test
  void aStockHttpClientIsServedOverOneConnection() throws Exception {
    try (HttpClient client =
        HttpClient.newBuilder().sslContext(servers.context(Optional.empty())).build()) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port() + "/")).build();
      for (int i = 0; i < 3; i++) {
        assertThat(client.send(request, BodyHandlers.ofString()).body()).isEqualTo("nobody");
      }
      assertThat(server.orElseThrow().connections()).isEqualTo(1);
    }
  }

  private String ask(Optional<TlsIdentity> identity) throws Exception {
    try (SSLSocket socket = connect(servers.context(identity))) {
      return HttpServerTest.text(HttpClientConnection.over(socket).send(HttpServerTest.get("/")));
    }
  }

  private X509Certificate serverCertificate(SSLContext context) throws IOException {
    try (SSLSocket socket = connect(context)) {
      socket.startHandshake();
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }

  private SSLSocket connect(SSLContext context) throws IOException {
    return (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port());
  }

  private int port() {
    return server.orElseThrow().address().getPort();
  }
}
