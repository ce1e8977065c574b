package org.k3sjvm.join.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.k3sjvm.base.pki.CertificateAuthority;
import org.k3sjvm.base.pki.Certificates;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.TlsContexts;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.nodepassword.NodeIdentity;

/**
 * A supervisor with real TLS on a free port of 127.0.0.1. It keeps node passwords and what was
 * asked of it, and can be told to answer otherwise.
 */
public final class FakeSupervisor implements AutoCloseable {
  public static final String PASSWORD = "the-password";
  private static final Duration YEAR = Duration.ofDays(365);

  private final String name;
  private final InetAddress address;
  private volatile CertificateAuthority serverCa;
  private volatile List<CertificateAuthority> further = List.of();
  private volatile CertificateAuthority clientCa;
  private final List<X509Certificate> clientAuthorities = new CopyOnWriteArrayList<>();
  private volatile Duration leafValidity = YEAR;
  private final Optional<KeyPair> sharedKey;
  private volatile HttpsServer http;
  private final Map<String, String> passwords = new ConcurrentHashMap<>();
  private final Map<String, Scripted> scripted = new ConcurrentHashMap<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private volatile String settings = "{}";

  private record Scripted(int status, String body) {}

  /** How a fake is made. */
  public static final class Builder {
    private Instant validFrom = Instant.now().minus(Duration.ofHours(1));
    private Duration validity = YEAR.multipliedBy(10);
    private String name = "localhost";
    private InetAddress address = InetAddress.ofLiteral("127.0.0.1");
    private boolean old;

    /** When its certificates are valid. */
    public Builder valid(Instant from, Duration howLong) {
      this.validFrom = from;
      this.validity = howLong;
      return this;
    }

    /** The only name and address in its certificate. */
    public Builder named(String dnsName, InetAddress ip) {
      this.name = dnsName;
      this.address = ip;
      return this;
    }

    /** It signs its own key for every node, as servers of v1.21 do. */
    public Builder withSharedKey() {
      this.old = true;
      return this;
    }

    public FakeSupervisor start() throws IOException {
      return new FakeSupervisor(this);
    }
  }

  private FakeSupervisor(Builder builder) throws IOException {
    serverCa =
        CertificateAuthority.selfSigned(
            "k3s-server-ca", Keys.generate(), builder.validFrom, builder.validity);
    clientCa =
        CertificateAuthority.selfSigned(
            "k3s-client-ca", Keys.generate(), builder.validFrom, builder.validity);
    sharedKey = builder.old ? Optional.of(Keys.generate()) : Optional.empty();
    name = builder.name;
    address = builder.address;
    http = serve(context(builder.validFrom), 0);
  }

  private SSLContext context(Instant validFrom) {
    KeyPair key = Keys.generate();
    X509Certificate leaf =
        serverCa.issue(
            CertificateAuthority.Subject.server("k3s", List.of(name), List.of(address)),
            key.getPublic(),
            validFrom,
            YEAR);
    clientAuthorities.add(clientCa.certificate()); // strangers do not fail the handshake, as in k3s
    return TlsContexts.of(
        List.copyOf(clientAuthorities),
        Optional.of(new TlsIdentity(List.of(leaf, serverCa.certificate()), key.getPrivate())));
  }

  private HttpsServer serve(SSLContext tls, int port) throws IOException {
    HttpsServer server =
        HttpsServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), 50);
    server.setHttpsConfigurator(
        new HttpsConfigurator(tls) {
          @Override
          public void configure(HttpsParameters parameters) {
            SSLParameters ssl = tls.getDefaultSSLParameters();
            ssl.setWantClientAuth(true);
            parameters.setSSLParameters(ssl);
          }
        });
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::handle);
    server.start();
    return server;
  }

  private void restart(SSLContext tls) throws IOException {
    int port = http.getAddress().getPort();
    http.stop(0);
    http = serve(tls, port);
  }

  /** Certificates of nodes are valid for so long from now on. */
  public void issueFor(Duration validity) {
    leafValidity = validity;
  }

  /** Other authorities from now on; nothing links them to those of before. */
  public void replaceAuthorities() throws IOException {
    Instant now = Instant.now().minus(Duration.ofHours(1));
    serverCa = CertificateAuthority.selfSigned("other-server-ca", Keys.generate(), now, YEAR);
    clientCa = CertificateAuthority.selfSigned("other-client-ca", Keys.generate(), now, YEAR);
    restart(context(now));
  }

  /** Other authorities from now on, for which those of before vouch. */
  public void rotateAuthorities() throws IOException {
    Instant now = Instant.now().minus(Duration.ofHours(1));
    further = List.of(serverCa);
    serverCa = serverCa.vouchFor("rotated-server-ca", Keys.generate(), now, YEAR);
    clientCa = clientCa.vouchFor("rotated-client-ca", Keys.generate(), now, YEAR);
    restart(context(now));
  }

  public URI url() {
    return URI.create("https://127.0.0.1:" + http.getAddress().getPort());
  }

  /** The bundle that {@code /cacerts} serves. */
  public String serverCaPem() {
    StringBuilder bundle = new StringBuilder(Certificates.pem(serverCa.certificate()));
    further.forEach(each -> bundle.append(Certificates.pem(each.certificate())));
    return bundle.toString();
  }

  /** The full token with its pin. */
  public String token() {
    return "K10"
        + Certificates.sha256(serverCaPem().getBytes(StandardCharsets.UTF_8))
        + "::server:"
        + PASSWORD;
  }

  /** What {@code /v1-k3s/config} says. */
  public void settings(String json) {
    settings = json;
  }

  /** Answers a path so from now on. */
  public void answer(String path, int status, String body) {
    scripted.put(path, new Scripted(status, body));
  }

  /** Answers a path as usual again. */
  public void answerAsUsual(String path) {
    scripted.remove(path);
  }

  /** The node has another password than it will present. */
  public void claim(String node) {
    passwords.put(node, "somebody else's");
  }

  /** {@code METHOD /path user}, in order; the user is what the TLS certificate or token says. */
  public List<String> requests() {
    return List.copyOf(requests);
  }

  @Override
  public void close() {
    http.stop(0);
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      String user = userOf(exchange);
      requests.add(exchange.getRequestMethod() + " " + path + " " + user);
      Scripted script = scripted.get(path);
      if (script != null) {
        send(exchange, script.status(), script.body());
      } else if (path.equals("/cacerts")) {
        send(exchange, 200, serverCaPem());
      } else if (user.equals("nobody")) {
        send(exchange, 401, status(401, "not authorized"));
      } else {
        serve(exchange, path);
      }
    }
  }

  private void serve(HttpExchange exchange, String path) throws IOException {
    switch (path) {
      case "/v1-k3s/config" -> send(exchange, 200, settings);
      case "/v1-k3s/client-ca.crt" -> send(exchange, 200, Certificates.pem(clientCa.certificate()));
      case "/v1-k3s/server-ca.crt" -> send(exchange, 200, serverCaPem());
      case "/v1-k3s/apiservers" ->
          send(exchange, 200, "[\"127.0.0.1:" + http.getAddress().getPort() + "\"]");
      case "/v1-k3s/readyz" -> send(exchange, 200, "ok");
      case "/v1-k3s/serving-kubelet.crt" -> {
        String node = header(exchange, NodeIdentity.NAME_HEADER);
        List<InetAddress> addresses = new ArrayList<>();
        for (String ip : List.of(header(exchange, NodeIdentity.ADDRESS_HEADER).split(",", -1))) {
          addresses.add(InetAddress.ofLiteral(ip));
        }
        sign(
            exchange,
            serverCa,
            CertificateAuthority.Subject.server(node, List.of(node, "localhost"), addresses),
            true);
      }
      case "/v1-k3s/client-kubelet.crt" ->
          sign(
              exchange,
              clientCa,
              CertificateAuthority.Subject.client(
                  "system:node:" + header(exchange, NodeIdentity.NAME_HEADER), "system:nodes"),
              true);
      case "/v1-k3s/client-kube-proxy.crt" ->
          sign(exchange, clientCa, CertificateAuthority.Subject.client("system:kube-proxy"), false);
      case "/v1-k3s/client-k3s-controller.crt" ->
          sign(
              exchange,
              clientCa,
              CertificateAuthority.Subject.client("system:k3s-controller"),
              false);
      default -> send(exchange, 404, "not found");
    }
  }

  private void sign(
      HttpExchange exchange,
      CertificateAuthority authority,
      CertificateAuthority.Subject subject,
      boolean provesNode)
      throws IOException {
    if (provesNode) {
      String node = header(exchange, NodeIdentity.NAME_HEADER);
      String password = header(exchange, NodeIdentity.PASSWORD_HEADER);
      String known = passwords.putIfAbsent(node, password);
      if (known != null && !known.equals(password)) {
        send(exchange, 403, status(403, "unable to verify password for node " + node));
        return;
      }
    }
    byte[] request = exchange.getRequestBody().readAllBytes();
    PublicKey key = sharedKey.isPresent() ? sharedKey.get().getPublic() : publicKey(request);
    String leaf = Certificates.pem(authority.issue(subject, key, Instant.now(), leafValidity));
    send(
        exchange,
        200,
        leaf + Certificates.pem(authority.certificate()) + sharedKey.map(Keys::pem).orElse(""));
  }

  private static PublicKey publicKey(byte[] request) throws IOException {
    return new JcaPEMKeyConverter()
        .getPublicKey(new PKCS10CertificationRequest(request).getSubjectPublicKeyInfo());
  }

  private static String userOf(HttpExchange exchange) {
    String header = exchange.getRequestHeaders().getFirst("Authorization");
    if (header != null && header.equals(basic("node"))) {
      return "node";
    }
    if (exchange instanceof HttpsExchange https) {
      try {
        if (https.getSSLSession().getPeerCertificates()[0] instanceof X509Certificate peer) {
          return peer.getSubjectX500Principal().getName();
        }
      } catch (SSLPeerUnverifiedException e) {
        return "nobody";
      }
    }
    return "nobody";
  }

  private static String basic(String user) {
    return "Basic "
        + java.util.Base64.getEncoder()
            .encodeToString((user + ":" + PASSWORD).getBytes(StandardCharsets.UTF_8));
  }

  private static String header(HttpExchange exchange, String name) {
    String value = exchange.getRequestHeaders().getFirst(name);
    return value == null ? "" : value;
  }

  private static String status(int code, String message) {
    return "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"%s\",\"code\":%d}"
        .formatted(message, code);
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getRequestBody().readAllBytes();
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
