package org.k3sjvm.agent;

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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.lifetime.Service;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where commands beside the agent ask it, as root of this machine alone: a caller writes the name
 * of a topic and half-closes, and reads the answer to its end. An agent works without it.
 */
public final class LocalSocket implements Service {
  /** Answered with a line of JSON for each pod, oldest first. */
  public static final String POD_STARTS = "pod-starts";

  /** Answered with one JSON object. */
  public static final String STATUS = "status";

  private static final Logger log = LoggerFactory.getLogger(LocalSocket.class);
  private static final int LONGEST_TOPIC_BYTES = 64;
  private static final int WAITING = 8;

  private final Path directory;
  private final Path path;
  private final Map<String, Supplier<String>> topics = new ConcurrentHashMap<>();

  LocalSocket(Path dataDir) {
    this.directory = dataDir.resolve("agent");
    this.path = of(dataDir);
  }

  /** Where an agent's socket is. */
  public static Path of(Path dataDir) {
    return dataDir.resolve("agent").resolve("agent.sock");
  }

  /** Answers a topic so from now on. */
  void answer(String topic, Supplier<String> with) {
    topics.put(topic, with);
  }

  @Override
  public void run() throws InterruptedException {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      AtomicFiles.makeDirectory(directory, "rwx------");
      Files.deleteIfExists(path);
      server.bind(UnixDomainSocketAddress.of(path), WAITING);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
      while (true) {
        SocketChannel caller = server.accept();
        Thread.startVirtualThread(() -> answer(caller));
      }
    } catch (IOException | IllegalArgumentException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedException();
      }
      log.atWarn()
          .addKeyValue("socket", path)
          .addKeyValue("reason", e.toString())
          .log("'k3s status' and 'k3s pod-starts' will not work");
      Thread.sleep(Duration.ofDays(365_000));
    }
  }

  private void answer(SocketChannel caller) {
    try (caller) {
      String topic =
          new String(
                  Channels.newInputStream(caller).readNBytes(LONGEST_TOPIC_BYTES),
                  StandardCharsets.UTF_8)
              .strip();
      ByteBuffer text =
          ByteBuffer.wrap(
              topics.getOrDefault(topic, () -> "").get().getBytes(StandardCharsets.UTF_8));
      while (text.hasRemaining()) {
        caller.write(text);
      }
    } catch (IOException e) {
      log.atDebug().setCause(e).log("a caller left before the end");
    }
  }

  /**
   * Asks the agent of this machine.
   *
   * @return empty when it has nothing to tell of that topic yet
   * @throws IOException when no agent answers there
   */
  public static String ask(Path dataDir, String topic) throws IOException {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(of(dataDir)))) {
      channel.write(ByteBuffer.wrap((topic + "\n").getBytes(StandardCharsets.UTF_8)));
      channel.shutdownOutput();
      return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
