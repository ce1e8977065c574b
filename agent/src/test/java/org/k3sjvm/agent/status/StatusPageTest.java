package org.k3sjvm.agent.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.KubeJson;

@Timeout(60)
class StatusPageTest {
  @Test
  void isReadOnLoopbackByItsOwnNamesAlone() throws Exception {
    int port = freePort();
    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start(
          "page",
          new StatusPage(port, () -> KubeJson.newObject().put("stage", "running"), Sleeper.SYSTEM));
      assertThat(ask(port, "GET / HTTP/1.1", "127.0.0.1:" + port))
          .startsWith("HTTP/1.1 200")
          .contains("default-src 'none'")
          .contains("<li>running, for 0 s</li>");
      assertThat(ask(port, "GET /status.json HTTP/1.1", "localhost:" + port))
          .startsWith("HTTP/1.1 200")
          .contains("\"stage\" : \"running\"");
      assertThat(ask(port, "GET / HTTP/1.1", "evil.example")).startsWith("HTTP/1.1 403");
      assertThat(ask(port, "POST / HTTP/1.1", "127.0.0.1")).startsWith("HTTP/1.1 405");
      assertThat(ask(port, "GET /../etc HTTP/1.1", "127.0.0.1")).doesNotStartWith("HTTP/1.1 200");
    }
  }

  private static String ask(int port, String line, String host)
      throws IOException, InterruptedException {
    while (true) {
      try (Socket socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), port)) {
        socket
            .getOutputStream()
            .write(
                (line + "\r\nHost: " + host + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      } catch (java.net.ConnectException e) {
        LockSupport.parkNanos(1_000_000); // it does not listen yet
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      return socket.getLocalPort();
    }
  }
}
