package org.k3sjvm.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.pki.TlsContexts;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.join.HttpSupervisor;
import org.k3sjvm.join.Join;
import org.k3sjvm.join.JoinConfig;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.join.LinuxHostNetwork;
import org.k3sjvm.join.NodeCertificate;

@Timeout(120)
class ServerTest {
  @TempDir Path top;

  @Test
  void letsANodeJoinRegisterAndReturnAfterARestart() throws Exception {
    ServerConfig config = config(freePort());
    URI url = URI.create("https://127.0.0.1:" + config.listen().port());
    JoinedNode node;
    try (Server server = Server.open(config, InstantSource.system());
        ServiceGroup group = ServiceGroup.open("test")) {
      group.start("server", server);
      Join join = join(url, Optional.of(server.agentToken()));
      node = join.run();
      try (HttpSupervisor supervisor = join.connect()) {
        while (!supervisor.ready()) {
          Thread.onSpinWait();
        }
        assertThat(supervisor.apiServers())
            .containsExactly(new HostPort("127.0.0.1", config.listen().port()));
      }
      assertThat(node.settings().flannelBackend()).isEqualTo("vxlan");
      assertThat(
              send(
                  node,
                  NodeCertificate.CLIENT_KUBELET,
                  "POST",
                  "/api/v1/nodes",
                  "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"one\"}}"))
          .startsWith("201");
      assertThat(send(node, NodeCertificate.CLIENT_KUBELET, "GET", "/api/v1/nodes/one", ""))
          .startsWith("200");
      assertThat(send(node, NodeCertificate.CLIENT_KUBELET, "GET", "/api/v1/secrets", ""))
          .startsWith("403");
    }
    try (Server server = Server.open(config, InstantSource.system())) {
      assertThat(server.address().getPort()).isEqualTo(config.listen().port());
      assertThat(join(url, Optional.empty()).once().name()).isEqualTo("one");
      assertThat(send(node, NodeCertificate.CLIENT_KUBELET, "GET", "/api/v1/nodes/one", ""))
          .startsWith("200");
    }
  }

  private static String send(
      JoinedNode node, NodeCertificate identity, String method, String path, String body)
      throws Exception {
    try (HttpClient client =
        HttpClient.newBuilder()
            .sslContext(TlsContexts.of(node.serverCa(), Optional.of(node.tls(identity))))
            .build()) {
      HttpResponse<String> response =
          client.send(
              HttpRequest.newBuilder(node.apiServer().resolve(path))
                  .header("Content-Type", "application/json")
                  .method(method, HttpRequest.BodyPublishers.ofString(body))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      return response.statusCode() + " " + response.body();
    }
  }

  private ServerConfig config(int port) {
    InetAddress loopback = IpAddresses.parse("127.0.0.1");
    ServerConfig defaults = ServerConfig.defaults(top, "srv", loopback);
    return new ServerConfig(
        top,
        new HostPort("127.0.0.1", port),
        loopback,
        defaults.clusterCidr(),
        defaults.serviceCidr(),
        defaults.clusterDns(),
        defaults.clusterDomain(),
        defaults.flannelBackend(),
        "srv",
        List.of(),
        Optional.empty(),
        Optional.empty(),
        top.resolve("k3s.yaml"));
  }

  private Join join(URI url, Optional<Secret> token) {
    return new Join(
        new JoinConfig(
            url,
            url,
            token,
            top.resolve("agent"),
            top.resolve("node"),
            "one",
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
        settings -> url,
        Optional::empty);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      return socket.getLocalPort();
    }
  }
}
