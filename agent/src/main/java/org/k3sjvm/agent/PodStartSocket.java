package org.k3sjvm.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kubelet.trace.PodStart;
import org.k3sjvm.kubelet.trace.StartStep;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells root of this machine how pods started: whoever connects gets a line of JSON for each, and
 * the end. Without it {@code k3s pod-starts} has nothing to show; pods do not need it.
 */
public final class PodStartSocket implements Service {
  private static final Logger log = LoggerFactory.getLogger(PodStartSocket.class);

  private final Path path;
  private final Supplier<List<PodStart>> starts;

  PodStartSocket(Path path, Supplier<List<PodStart>> starts) {
    this.path = path;
    this.starts = starts;
  }

  /** Where an agent's socket is. */
  public static Path of(Path dataDir) {
    return dataDir.resolve("agent").resolve("pod-starts.sock");
  }

  @Override
  public void run() throws InterruptedException {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      Files.deleteIfExists(path);
      server.bind(UnixDomainSocketAddress.of(path), 1);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
      while (true) {
        answer(server.accept());
      }
    } catch (IOException | IllegalArgumentException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedException();
      }
      log.atWarn()
          .addKeyValue("socket", path)
          .addKeyValue("reason", e.toString())
          .log("'k3s pod-starts' will not work");
      Thread.sleep(Duration.ofDays(365_000));
    }
  }

  private void answer(SocketChannel caller) {
    try (caller) {
      for (PodStart start : starts.get()) {
        ByteBuffer line = ByteBuffer.wrap((json(start) + "\n").getBytes(StandardCharsets.UTF_8));
        while (line.hasRemaining()) {
          caller.write(line);
        }
      }
    } catch (IOException e) {
      log.atDebug().setCause(e).log("a caller left before the end");
    }
  }

  /**
   * Asks the agent of this machine.
   *
   * @return oldest first
   * @throws IOException when no agent answers there
   */
  public static List<PodStart> ask(Path path) throws IOException {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      String text =
          new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
      return text.lines().map(PodStartSocket::parse).toList();
    }
  }

  private static String json(PodStart start) {
    ObjectNode node = KubeJson.mapper().createObjectNode();
    node.put("namespace", start.namespace()).put("name", start.name()).put("uid", start.uid());
    node.put("seen", start.seen().toString());
    ObjectNode after = node.putObject("afterMillis");
    start.after().forEach((step, time) -> after.put(step.name(), time.toMillis()));
    return node.toString();
  }

  private static PodStart parse(String line) {
    JsonNode node = KubeJson.read(line, JsonNode.class);
    Map<StartStep, Duration> after = new EnumMap<>(StartStep.class);
    List<StartStep> steps = new ArrayList<>(List.of(StartStep.values()));
    steps.removeIf(step -> !node.path("afterMillis").has(step.name()));
    for (StartStep step : steps) {
      after.put(step, Duration.ofMillis(node.path("afterMillis").path(step.name()).asLong()));
    }
    return new PodStart(
        node.path("namespace").asText(),
        node.path("name").asText(),
        node.path("uid").asText(),
        Instant.parse(node.path("seen").asText()),
        after);
  }
}
