package org.k3sjvm.server.supervisor;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.k3sjvm.http.Handler;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.k3sjvm.nodepassword.NodeIdentity;
import org.k3sjvm.server.api.access.Authenticator;
import org.k3sjvm.server.api.access.User;
import org.k3sjvm.server.auth.Authentication;
import org.k3sjvm.server.auth.NodeProof;
import org.k3sjvm.server.auth.Passwords;
import org.k3sjvm.server.pki.ClusterPki;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the supervisor's paths and leaves the rest to the API behind it.
 *
 * <pre>
 * /cacerts /ping                     anybody
 * /v1-k3s/connect                    nodes by certificate
 * /v1-k3s/...                        agents by token, nodes by certificate, bootstrap tokens
 * everything else                    the API
 * </pre>
 *
 * Source: k3s v1.36.3 pkg/server/handlers/router.go.
 */
public final class SupervisorHandler implements Handler {
  private static final String PREFIX = "/v1-k3s/";
  private static final String BOOTSTRAPPERS = "system:bootstrappers";
  private static final String NODES = "system:nodes";

  /** Source: k3s v1.36.3 pkg/server/handlers/router.go. */
  private static final int MAX_READS = 20;

  private static final int MAX_WRITES = 10;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Logger log = LoggerFactory.getLogger(SupervisorHandler.class);

  private final String settings;
  private final ClusterPki pki;
  private final Authenticator authenticator;
  private final NodeProof proof;
  private final NodeCertificates certificates;
  private final ClusterState state;
  private final TunnelEntry tunnels;
  private final Handler api;
  private final Semaphore reads = new Semaphore(MAX_READS);
  private final Semaphore writes = new Semaphore(MAX_WRITES);

  /**
   * Puts it together.
   *
   * @param api answers what is not the supervisor's
   */
  public SupervisorHandler(
      SupervisorConfig config,
      ClusterPki pki,
      InstantSource clock,
      Authenticator authenticator,
      NodeProof proof,
      ClusterState state,
      TunnelEntry tunnels,
      Handler api) {
    this.settings = ConfigJson.text(config, pki.ipsecKey());
    this.pki = pki;
    this.authenticator = authenticator;
    this.proof = proof;
    this.certificates = new NodeCertificates(pki, clock);
    this.state = state;
    this.tunnels = tunnels;
    this.api = api;
  }

  @Override
  public void handle(Request request, Response response) throws IOException, InterruptedException {
    String path = request.path();
    switch (path) {
      case "/cacerts" -> response.send(200, "text/plain", pki.serverCaPem());
      case "/ping" -> response.send(200, "text/plain", "pong");
      case "/v1-k3s/connect" -> connect(request, response);
      case "/v1-k3s/config",
          "/v1-k3s/client-ca.crt",
          "/v1-k3s/server-ca.crt",
          "/v1-k3s/apiservers",
          "/v1-k3s/readyz",
          "/v1-k3s/serving-kubelet.crt",
          "/v1-k3s/client-kubelet.crt",
          "/v1-k3s/client-kube-proxy.crt",
          "/v1-k3s/client-k3s-controller.crt" ->
          bounded(path.substring(PREFIX.length()), request, response);
      default -> api.handle(request, response);
    }
  }

  private void connect(Request request, Response response)
      throws IOException, InterruptedException {
    Optional<User> user = admit(request, response, List.of(NODES));
    if (user.isEmpty()) {
      return;
    }
    Optional<String> node = user.get().node();
    if (node.isEmpty()) {
      fail(response, 403, "forbidden");
      return;
    }
    tunnels.accept(node.get(), request, response);
  }

  private void bounded(String name, Request request, Response response)
      throws IOException, InterruptedException {
    Optional<User> user =
        admit(request, response, List.of(Passwords.AGENT_GROUP, NODES, BOOTSTRAPPERS));
    if (user.isEmpty()) {
      return;
    }
    Semaphore bound = request.method().equals("GET") ? reads : writes;
    if (!bound.tryAcquire()) {
      response.header("Retry-After", "1");
      response.send(429, "text/plain", "Too many requests, please try again later.");
      return;
    }
    try {
      serve(name, user.get(), request, response);
    } finally {
      bound.release();
    }
  }

  private void serve(String name, User user, Request request, Response response)
      throws IOException, InterruptedException {
    switch (name) {
      case "config" -> response.send(200, "application/json", settings);
      case "client-ca.crt" -> response.send(200, "text/plain", pki.clientCaPem());
      case "server-ca.crt" -> response.send(200, "text/plain", pki.serverCaPem());
      case "apiservers" -> response.send(200, "application/json", apiServers());
      case "readyz" -> {
        if (state.ready()) {
          response.send(200, "text/plain", "ok");
        } else {
          fail(response, 503, "runtime core not ready");
        }
      }
      case "client-kube-proxy.crt" ->
          response.send(200, "text/plain", certificates.clientKubeProxy(csr(request)));
      case "client-k3s-controller.crt" ->
          response.send(200, "text/plain", certificates.clientController(csr(request)));
      default -> nodeCertificate(name, user, request, response);
    }
  }

  private void nodeCertificate(String name, User user, Request request, Response response)
      throws IOException, InterruptedException {
    switch (proof.check(request, user)) {
      case NodeProof.Result.Failed(int status, String message) -> fail(response, status, message);
      case NodeProof.Result.Proven(String node) -> {
        log.atInfo()
            .addKeyValue("node", node)
            .addKeyValue("certificate", name)
            .addKeyValue("user", user.name())
            .log("certificate issued");
        if (name.equals("client-kubelet.crt")) {
          response.send(200, "text/plain", certificates.clientKubelet(node, csr(request)));
          return;
        }
        try {
          response.send(
              200,
              "text/plain",
              certificates.servingKubelet(
                  node, request.headers().first(NodeIdentity.ADDRESS_HEADER), csr(request)));
        } catch (IllegalArgumentException e) {
          fail(response, 500, "invalid node IP address: " + e.getMessage());
        }
      }
    }
  }

  private static Optional<byte[]> csr(Request request) throws IOException {
    return request.method().equals("POST") ? Optional.of(request.bodyBytes()) : Optional.empty();
  }

  private String apiServers() throws IOException {
    ArrayNode list = JSON.createArrayNode();
    state.apiServers().stream().distinct().forEach(server -> list.add(server.toString()));
    return JSON.writeValueAsString(list) + "\n";
  }

  /** The user, when it is of one of the groups; otherwise the refusal is sent. */
  private Optional<User> admit(Request request, Response response, List<String> groups)
      throws IOException {
    switch (Authentication.of(request, authenticator)) {
      case Authentication.Known(User user) -> {
        if (groups.stream().anyMatch(user::in)) {
          return Optional.of(user);
        }
        fail(response, 403, "forbidden");
      }
      case Authentication.Anonymous() -> fail(response, 403, "forbidden");
      case Authentication.Rejected() -> fail(response, 401, "not authorized");
    }
    return Optional.empty();
  }

  /** A metav1.Status; the connection ends with it. Source: k3s v1.36.3 pkg/util, SendError. */
  private static void fail(Response response, int status, String message) throws IOException {
    String reason =
        switch (status) {
          case 400 -> "BadRequest";
          case 401 -> "Unauthorized";
          case 403 -> "Forbidden";
          case 503 -> "ServiceUnavailable";
          default -> "InternalError";
        };
    response.header("Connection", "close");
    response.send(
        status,
        "application/json",
        JSON.writeValueAsString(
            JSON.createObjectNode()
                .put("kind", "Status")
                .put("apiVersion", "v1")
                .put("status", "Failure")
                .put("message", message)
                .put("reason", reason)
                .put("code", status)));
  }
}
