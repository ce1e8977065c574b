package org.k3sjvm.kubelet.image;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.k3sjvm.cri.RegistryAuth;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node's own logins: those of the first docker configuration that can be read. Any thread.
 *
 * <p>Source: Kubernetes v1.36 pkg/credentialprovider/config.go and provider.go.
 */
final class NodeLogins {
  private static final Logger log = LoggerFactory.getLogger(NodeLogins.class);

  /** Source: Kubernetes v1.36 NewDefaultDockerKeyring. */
  private static final Duration KEPT = Duration.ofMinutes(5);

  private static final int LARGEST = 10 << 20;

  private final Object lock = new Object();
  private final List<Path> files;
  private final List<Path> legacyFiles;
  private final InstantSource clock;

  @GuardedBy("lock")
  private Map<String, RegistryAuth> logins = Map.of();

  @GuardedBy("lock")
  private Instant until = Instant.MIN;

  NodeLogins(List<Path> files, List<Path> legacyFiles, InstantSource clock) {
    this.files = List.copyOf(files);
    this.legacyFiles = List.copyOf(legacyFiles);
    this.clock = clock;
  }

  /** Where the kubelet looks, in its order. */
  static NodeLogins of(Path root, Map<String, String> environment, InstantSource clock) {
    Path home = Path.of(environment.getOrDefault("HOME", "/"));
    Path here = Path.of("").toAbsolutePath();
    return new NodeLogins(
        List.of(
            root.resolve("config.json"),
            here.resolve("config.json"),
            home.resolve(".docker/config.json"),
            Path.of("/.docker/config.json")),
        List.of(
            root.resolve(".dockercfg"),
            here.resolve(".dockercfg"),
            home.resolve(".dockercfg"),
            Path.of("/.dockercfg")),
        clock);
  }

  Map<String, RegistryAuth> logins() {
    synchronized (lock) {
      Instant now = clock.instant();
      if (!now.isBefore(until)) {
        logins =
            first(files, DockerConfigs::read)
                .or(() -> first(legacyFiles, DockerConfigs::readLegacy))
                .orElse(Map.of());
        until = now.plus(KEPT);
      }
      return logins;
    }
  }

  private static Optional<Map<String, RegistryAuth>> first(
      List<Path> files, Function<String, Map<String, RegistryAuth>> read) {
    List<Path> tried = new ArrayList<>();
    for (Path file : files) {
      if (!Files.isRegularFile(file) || tried.contains(file)) {
        continue;
      }
      tried.add(file);
      try {
        return Optional.of(read.apply(text(file)));
      } catch (IOException | IllegalArgumentException e) {
        log.atWarn()
            .addKeyValue("file", file)
            .addKeyValue("reason", e.getMessage())
            .log("cannot read the node's registry logins, looking on");
      }
    }
    return Optional.empty();
  }

  private static String text(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LARGEST + 1);
      if (bytes.length > LARGEST) {
        throw new IOException("the file is larger than 10 MiB");
      }
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }
}
