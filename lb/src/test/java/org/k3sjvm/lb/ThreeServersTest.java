package org.k3sjvm.lb;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.k3sjvm.base.net.HostPort;

/**
 * Three servers die and come back in every order: three times one of them, which is killed when it
 * is up and returned when it is down, and then the same three again, which leaves all up.
 */
@Timeout(60)
class ThreeServersTest {
  private static final Duration RESUMED_WITHIN = Duration.ofSeconds(2);

  @TempDir Path directory;
  private final List<Server> servers = new ArrayList<>();

  static Stream<List<Integer>> orders() {
    return IntStream.range(0, 27).mapToObj(n -> List.of(n / 9, n / 3 % 3, n % 3));
  }

  @AfterEach
  void stop() throws IOException, InterruptedException {
    for (Server server : servers) {
      server.kill();
    }
  }

  @ParameterizedTest
  @MethodSource("orders")
  void requestsResumeWhenAnyIsBack(List<Integer> order) throws Exception {
    for (int i = 0; i < 3; i++) {
      servers.add(new Server("127.0.0." + (i + 2)));
    }
    try (LoadBalancer lb = open()) {
      lb.update(servers.stream().map(server -> server.address).toList());
      resumes(lb);
      for (int round = 0; round < 2; round++) {
        for (int which : order) {
          servers.get(which).toggle();
          if (servers.stream().anyMatch(server -> server.up)) {
            resumes(lb);
          } else {
            assertThat(asked(lb)).isFalse();
          }
        }
      }
    }
    // The list is kept whatever happened, and is good for the next start.
    try (LoadBalancer lb = open()) {
      assertThat(lb.servers()).hasSize(3);
      resumes(lb);
    }
  }

  private LoadBalancer open() {
    // The tunnel knows a little later than everybody else, as in life.
    HealthSource tunnels =
        address ->
            servers.stream().anyMatch(server -> server.up && server.address.equals(address))
                ? Health.OK
                : Health.FAILED;
    return LoadBalancer.open(
        LbConfig.supervisor(servers.getFirst().address, 0, false, directory),
        tunnels,
        InstantSource.system(),
        server -> new Socket(InetAddress.ofLiteral(server.host()), server.port()).close());
  }

  private static void resumes(LoadBalancer lb) throws InterruptedException {
    long began = System.nanoTime();
    while (!asked(lb)) {
      var _ = new CountDownLatch(1).await(10, TimeUnit.MILLISECONDS);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(RESUMED_WITHIN);
  }

  private static boolean asked(LoadBalancer lb) {
    try (Socket client =
        new Socket(InetAddress.ofLiteral("127.0.0.1"), lb.localEndpoint().port())) {
      client.setSoTimeout((int) RESUMED_WITHIN.toMillis());
      client.getOutputStream().write('?');
      return client.getInputStream().read() == '?';
    } catch (IOException e) {
      return false;
    }
  }

  /** Echoes, on a port that it keeps when it comes back. */
  private static final class Server {
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final InetAddress host;
    private final HostPort address;
    private volatile boolean up;
    private ServerSocket listener = new ServerSocket();
    private Thread acceptor = Thread.ofVirtual().unstarted(() -> {});

    /** An address of its own: no client's port can be in the way, nor a client talk to itself. */
    Server(String host) throws IOException {
      this.host = InetAddress.ofLiteral(host);
      listen(0);
      address = new HostPort(host, listener.getLocalPort());
    }

    void toggle() throws IOException, InterruptedException {
      if (up) {
        kill();
      } else {
        listen(address.port());
      }
    }

    private void listen(int port) throws IOException {
      listener = bind(port);
      up = true;
      ServerSocket listening = listener;
      acceptor = Thread.ofVirtual().start(() -> accept(listening));
    }

    /** The kernel may hold the port for a moment after the listener was closed. */
    private ServerSocket bind(int port) throws IOException {
      while (true) {
        try {
          return new ServerSocket(port, 50, host);
        } catch (BindException e) {
          Thread.onSpinWait();
        }
      }
    }

    void kill() throws IOException, InterruptedException {
      up = false;
      listener.close();
      acceptor.join();
      for (Socket socket : open) {
        socket.close();
      }
      open.clear();
    }

    private void accept(ServerSocket listening) {
      try {
        while (true) {
          Socket socket = listening.accept();
          open.add(socket);
          Thread.ofVirtual().start(() -> echo(socket));
        }
      } catch (IOException e) {
        // Killed.
      }
    }

    private void echo(Socket socket) {
      try (socket) {
        socket.getInputStream().transferTo(socket.getOutputStream());
      } catch (SocketException e) {
        // Killed, or the client went.
      } catch (IOException e) {
        throw new IllegalStateException(e);
      } finally {
        open.remove(socket);
      }
    }
  }
}
