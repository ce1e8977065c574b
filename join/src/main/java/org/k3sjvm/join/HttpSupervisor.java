package org.k3sjvm.join;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.pki.Pem;
import org.k3sjvm.base.pki.TlsIdentity;
import org.k3sjvm.nodepassword.NodeIdentity;

/**
 * {@link Supervisor} over HTTPS. Each request carries the token, when there is one, and offers the
 * node's certificate, when it has one. Close it to end its connections.
 */
public final class HttpSupervisor implements Supervisor, AutoCloseable {
  private static final String PREFIX = "/v1-k3s/";
  private static final int UNAUTHORIZED = 401;
  private static final int FORBIDDEN = 403;
  private static final int SERVER_ERROR = 500;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final URI endpoint;
  private final URI server;
  private final ClusterTrust trust;
  private final Optional<JoinToken> token;
  private final boolean offersCertificate;
  private final SupervisorHttp http;
  private final Faults faults;
  private final Path passwordFile;

  HttpSupervisor(
      JoinConfig config,
      ClusterTrust trust,
      Optional<JoinToken> token,
      Optional<TlsIdentity> identity,
      Faults faults) {
    this.endpoint = config.endpoint();
    this.server = config.server();
    this.passwordFile = config.nodeDirectory().resolve("password");
    this.trust = trust;
    this.token = token;
    this.offersCertificate = identity.isPresent();
    this.http = new SupervisorHttp(endpoint, trust.tls(identity));
    this.faults = faults;
  }

  @Override
  public ServerSettings settings() throws InterruptedException {
    return settings(settingsText());
  }

  /** The settings as they were sent. */
  String settingsText() throws InterruptedException {
    return text(get("config"));
  }

  ServerSettings settings(String text) {
    try {
      return SettingsJson.parse(text.getBytes(StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      throw new JoinException.BadAnswer(
          200,
          "cannot use the settings that %s sent: %s; is it a k3s server?"
              .formatted(server, e.getMessage()));
    }
  }

  @Override
  public String clientCa() throws InterruptedException {
    return text(get("client-ca.crt"));
  }

  @Override
  public String serverCa() throws InterruptedException {
    return text(get("server-ca.crt"));
  }

  @Override
  public List<Pem.Block> certificate(
      NodeCertificate which, byte[] request, Map<String, String> headers)
      throws InterruptedException {
    String path = which.fileName() + ".crt";
    SupervisorHttp.Answer answer = send(http, "POST", path, headers, Optional.of(request));
    if (answer.status() == UNAUTHORIZED
        && which.provesNode()
        && offersCertificate
        && token.isPresent()) {
      // A certificate of a deleted node is refused although the token is good: without it, then.
      try (SupervisorHttp bare = new SupervisorHttp(endpoint, trust.tls(Optional.empty()))) {
        answer = send(bare, "POST", path, headers, Optional.of(request));
      }
    }
    if (answer.status() == FORBIDDEN && which.provesNode()) {
      throw new JoinException.PasswordRejected(
          ("%s rejects the password of node %s (%s): another node may have this name, then use"
                  + " --with-node-id or another --node-name; or %s changed since the node joined,"
                  + " then restore it or delete the node with kubectl delete node")
              .formatted(
                  server, headers.get(NodeIdentity.NAME_HEADER), message(answer), passwordFile));
    }
    return Pem.parse(text(checked(answer)));
  }

  @Override
  public List<HostPort> apiServers() throws InterruptedException {
    SupervisorHttp.Answer answer = send(http, "GET", "apiservers", Map.of(), Optional.empty());
    if (!answer.ok()) {
      // Servers before v1.30 pass the question on to the Kubernetes API, which refuses it.
      throw new JoinException.BadAnswer(
          answer.status(),
          "%s does not tell the addresses of its servers: %s".formatted(server, message(answer)));
    }
    try {
      return servers(answer.body());
    } catch (IOException | IllegalArgumentException e) {
      throw new JoinException.BadAnswer(
          answer.status(),
          "cannot use the list of servers that %s sent: %s".formatted(server, e.getMessage()));
    }
  }

  /** A list of addresses in JSON. */
  static List<HostPort> servers(byte[] json) throws IOException {
    List<HostPort> servers = new ArrayList<>();
    for (JsonNode address : JSON.readTree(json)) {
      servers.add(HostPort.parse(address.asText()));
    }
    return List.copyOf(servers);
  }

  @Override
  public boolean ready() throws InterruptedException {
    return send(http, "GET", "readyz", Map.of(), Optional.empty()).status() < SERVER_ERROR;
  }

  @Override
  public void close() {
    http.close();
  }

  private SupervisorHttp.Answer get(String path) throws InterruptedException {
    return checked(send(http, "GET", path, Map.of(), Optional.empty()));
  }

  private SupervisorHttp.Answer send(
      SupervisorHttp client,
      String method,
      String path,
      Map<String, String> headers,
      Optional<byte[]> body)
      throws InterruptedException {
    Map<String, String> all = new LinkedHashMap<>(headers);
    token.ifPresent(
        value -> all.put("Authorization", value.credentials().authorization().reveal()));
    try {
      return client.send(method, PREFIX + path, all, body);
    } catch (IOException e) {
      throw faults.of(e);
    }
  }

  private SupervisorHttp.Answer checked(SupervisorHttp.Answer answer) {
    if (answer.ok()) {
      return answer;
    }
    String message = message(answer);
    throw switch (answer.status()) {
      case UNAUTHORIZED, FORBIDDEN ->
          new JoinException.Unauthorized(
              token.isPresent()
                  ? "%s refuses the token (%s); copy it again from <data-dir>/server/node-token on the server"
                      .formatted(server, message)
                  : "%s refuses this node's certificate and there is no token (%s); give one with --token"
                      .formatted(server, message));
      default ->
          new JoinException.BadAnswer(
              answer.status(),
              "%s is not ready for this node: %s; look at the server's log if it stays so"
                  .formatted(server, message));
    };
  }

  /** The message of a Status object, else the path with the status. */
  static String message(SupervisorHttp.Answer answer) {
    try {
      JsonNode root = JSON.readTree(answer.body());
      if (root != null
          && root.path("kind").asText().equals("Status")
          && !root.path("message").asText().isEmpty()) {
        return root.path("message").asText() + ", " + answer.status();
      }
    } catch (IOException e) {
      // plain text of an old server: its status has to do
    }
    return answer.url().getPath() + ": " + answer.status();
  }

  private static String text(SupervisorHttp.Answer answer) {
    return new String(answer.body(), StandardCharsets.UTF_8);
  }
}
