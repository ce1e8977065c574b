package org.k3sjvm.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.agent.Agent;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.cri.testing.Scratch;

/**
 * Runs at build time what an agent runs when it starts, so that the AOT cache holds those classes
 * loaded and linked: it joins, registers, runs one pod, serves its log through a tunnel and ends.
 * The cluster is a process of its own, {@link WarmUpCluster}, because every class in the cache
 * costs each agent memory. Touches nothing but memory, loopback and a temporary directory.
 */
final class WarmUp {
  private static final Duration LIMIT = Duration.ofSeconds(90);

  private WarmUp() {}

  /**
   * Returns when all has been exercised.
   *
   * @throws IllegalStateException when something failed, or did not come about in time
   */
  static void run() {
    Ciphers.choose();
    AtomicReference<@Nullable Exception> fault = new AtomicReference<>();
    try (Scratch scratch = Scratch.create("warm-up")) {
      Process cluster = startCluster(scratch.path());
      CountDownLatch over = new CountDownLatch(1);
      Thread.ofVirtual().start(() -> endLate(cluster, over));
      try (BufferedReader says =
          new BufferedReader(
              new InputStreamReader(cluster.getInputStream(), StandardCharsets.UTF_8))) {
        Agent agent = new Agent(config(scratch.path(), says), RehearsalGround.in(scratch.path()));
        try (ServiceGroup group = ServiceGroup.open("warm-up")) {
          group.start(
              "agent",
              () -> {
                try {
                  agent.run();
                } catch (RuntimeException e) {
                  fault.set(e);
                  cluster.destroy();
                }
              });
          expect(WarmUpCluster.DONE, says.readLine());
        }
      } finally {
        over.countDown();
        cluster.destroy();
        cluster.waitFor();
      }
    } catch (IOException | InterruptedException | IllegalStateException e) {
      Exception cause = fault.get();
      throw new IllegalStateException(
          "the warm-up run failed: " + e.getMessage(), cause == null ? e : cause);
    }
  }

  private static Process startCluster(Path directory) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return new ProcessBuilder(
            java,
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            WarmUpCluster.class.getName(),
            directory.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static AgentConfig config(Path directory, BufferedReader says) throws IOException {
    String port = field("port", says.readLine());
    String token = field("token", says.readLine());
    Path config = Files.writeString(directory.resolve("config.yaml"), "{}\n");
    Path resolvConf = Files.writeString(directory.resolve("resolv.conf"), "nameserver 192.0.2.1\n");
    return AgentConfig.parse(
        List.of(
            "--config=" + config,
            "--server=https://127.0.0.1:" + port,
            "--token=" + token,
            "--data-dir=" + directory.resolve("data"),
            "--node-name=" + WarmUpCluster.NODE,
            "--node-ip=127.0.0.1",
            "--bind-address=127.0.0.1",
            "--lb-server-port=0",
            "--resolv-conf=" + resolvConf,
            "--container-runtime-endpoint=unix://" + WarmUpCluster.socket(directory),
            "--kube-proxy-arg=healthz-port=0",
            "--kube-proxy-arg=metrics-port=0",
            "--kubelet-arg=port=" + freePort(),
            "--kubelet-arg=root-dir=" + directory.resolve("kubelet")),
        Map.of());
  }

  private static String field(String name, @Nullable String line) {
    if (line == null || !line.startsWith(name + "=")) {
      throw new IllegalStateException("the cluster told no " + name + " but '" + line + "'");
    }
    return line.substring(name.length() + 1);
  }

  private static void expect(String wanted, @Nullable String line) {
    if (!wanted.equals(line)) {
      throw new IllegalStateException("the cluster ended without telling '" + wanted + "'");
    }
  }

  private static void endLate(Process cluster, CountDownLatch over) {
    try {
      if (!over.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        cluster.destroy();
      }
    } catch (InterruptedException e) {
      cluster.destroy();
    }
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
