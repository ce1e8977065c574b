package org.k3sjvm.serviceproxy.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.kube.ObjectName;

class HealthServersTest {
  private static final ObjectName WEB = new ObjectName("default", "web");

  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-01-01T12:00:00Z"));
  private final AtomicBoolean eligible = new AtomicBoolean(true);
  private final ProxyHealth health = new ProxyHealth(now::get, Duration.ofSeconds(60));
  private final HealthServers servers =
      new HealthServers(health, List.of("IPv4"), eligible::get, new ProxyMetrics());

  @AfterEach
  void close() {
    servers.close();
  }

  @Test
  void isWellOnceEverythingWasWrittenAndWhileNoChangeWaitsForLong() {
    assertThat(health.state().well()).isFalse();
    health.queued();
    health.updated();
    assertThat(health.state().well()).isTrue();

    health.queued();
    now.updateAndGet(t -> t.plusSeconds(59));
    assertThat(health.state().well()).isTrue();
    now.updateAndGet(t -> t.plusSeconds(1));
    assertThat(health.state().well()).isFalse();
    assertThat(health.state().updated()).isEqualTo(Instant.parse("2026-01-01T12:00:00Z"));
  }

  @Test
  void tellsBalancersToLookElsewhereWhenTheNodeLeaves() throws Exception {
    int port = freePort();
    servers.serveHealth(new HostPort("127.0.0.1", port));
    health.updated();

    assertThat(get(port, "/healthz"))
        .startsWith("HTTP/1.1 200 OK")
        .contains("X-Content-Type-Options: nosniff")
        .contains("\"nodeEligible\":true,\"healthy\":true,\"status\":{\"IPv4\":{");
    eligible.set(false);
    assertThat(get(port, "/healthz")).startsWith("HTTP/1.1 503");
    assertThat(get(port, "/livez")).startsWith("HTTP/1.1 200").doesNotContain("nodeEligible");
    assertThat(get(port, "/else")).startsWith("HTTP/1.1 404");
  }

  @Test
  void tellsWhetherAServiceHasEndpointsHere() throws Exception {
    int port = freePort();
    health.updated();

    assertThat(servers.serve(Map.of(WEB, new HealthServers.Check(port, 2)))).isEmpty();
    assertThat(get(port, "/"))
        .startsWith("HTTP/1.1 200 OK")
        .contains("X-Load-Balancing-Endpoint-Weight: 2")
        .contains(
            "{\"service\":{\"namespace\":\"default\",\"name\":\"web\"},"
                + "\"localEndpoints\":2,\"serviceProxyHealthy\":true}");
    servers.serve(Map.of(WEB, new HealthServers.Check(port, 0)));
    assertThat(get(port, "/any")).startsWith("HTTP/1.1 503");

    servers.serve(Map.of());
    try (ServerSocket free = new ServerSocket(port)) {
      assertThat(free.isBound()).isTrue();
      assertThat(servers.serve(Map.of(WEB, new HealthServers.Check(port, 2)))).containsExactly(WEB);
    }
    assertThat(servers.serve(Map.of(WEB, new HealthServers.Check(port, 2)))).isEmpty();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static String get(int port, String path) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket
          .getOutputStream()
          .write(("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n").getBytes(StandardCharsets.UTF_8));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
