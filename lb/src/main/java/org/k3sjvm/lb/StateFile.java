package org.k3sjvm.lb;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.net.HostPort;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The servers that were known last, as JSON, so that an agent finds its way while the configured
 * server is down. Source: k3s v1.36.3 pkg/agent/loadbalancer/config.go.
 */
final class StateFile {
  private static final int HTTPS_PORT = 443;
  private static final int MAX_SERVERS = 64;
  private static final int MAX_BYTES = 64 * 1024;
  private static final Logger log = LoggerFactory.getLogger(StateFile.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final String scheme;

  StateFile(Path file, String scheme) {
    this.file = file;
    this.scheme = scheme;
  }

  /** The servers learned beside this default; empty when the file is of another one, or broken. */
  Optional<List<HostPort>> load(Optional<HostPort> defaultServer) {
    try {
      if (Files.isRegularFile(file) && Files.size(file) > MAX_BYTES) {
        throw new IOException("it has more than " + MAX_BYTES + " bytes");
      }
      Optional<String> text = AtomicFiles.read(file);
      if (text.isEmpty()) {
        return Optional.empty();
      }
      return read(text.get(), defaultServer);
    } catch (IOException | RuntimeException e) {
      log.atWarn()
          .addKeyValue("file", file)
          .addKeyValue("cause", e.getMessage())
          .log("cannot read the known servers, starting with the configured one");
      return Optional.empty();
    }
  }

  /**
   * The same of the file's text.
   *
   * @throws IllegalArgumentException when the URL in it is none
   * @throws JsonProcessingException when it is not JSON
   */
  Optional<List<HostPort>> read(String text, Optional<HostPort> defaultServer)
      throws JsonProcessingException {
    JsonNode root = JSON.readTree(text);
    if (!isOf(root.path("ServerURL").asText(), defaultServer)) {
      return Optional.empty();
    }
    List<HostPort> servers = new ArrayList<>();
    for (JsonNode address : root.path("ServerAddresses")) {
      parse(address.asText()).filter(server -> !servers.contains(server)).ifPresent(servers::add);
    }
    return Optional.of(servers.stream().limit(MAX_SERVERS).toList());
  }

  /** One that cannot be read costs itself, not the others. */
  private Optional<HostPort> parse(String address) {
    try {
      HostPort server = HostPort.parse(address, HTTPS_PORT);
      return server.port() == 0 ? Optional.empty() : Optional.of(server);
    } catch (IllegalArgumentException e) {
      log.atWarn()
          .addKeyValue("file", file)
          .addKeyValue("cause", e.getMessage())
          .log("a known server cannot be read, leaving it out");
      return Optional.empty();
    }
  }

  /** Failing to save is no reason to stop forwarding: the next start learns anew. */
  void save(Optional<HostPort> defaultServer, List<HostPort> members) {
    try {
      Path directory = file.toAbsolutePath().getParent();
      if (directory != null) {
        Files.createDirectories(directory);
      }
      AtomicFiles.writeIfChanged(file, text(defaultServer, members), "rw-r--r--");
    } catch (IOException e) {
      log.atWarn()
          .addKeyValue("file", file)
          .addKeyValue("cause", e.getMessage())
          .log("cannot save the known servers");
    }
  }

  private String text(Optional<HostPort> defaultServer, List<HostPort> members) {
    String list =
        members.isEmpty()
            ? "[]"
            : members.stream()
                .map(server -> "    \"" + server + "\"")
                .collect(Collectors.joining(",\n", "[\n", "\n  ]"));
    return "{\n  \"ServerURL\": \"%s\",\n  \"ServerAddresses\": %s\n}"
        .formatted(url(defaultServer), list);
  }

  private String url(Optional<HostPort> server) {
    return scheme + "://" + server.map(HostPort::toString).orElse("");
  }

  /** Agents of v1.21 wrote the URL without its default port. */
  private boolean isOf(String stored, Optional<HostPort> server) {
    if (stored.equals(url(server))) {
      return true;
    }
    URI uri = URI.create(stored);
    return server.isPresent()
        && scheme.equals(uri.getScheme())
        && uri.getPort() == -1
        && uri.getHost() != null
        && HostPort.parse(uri.getHost(), HTTPS_PORT).equals(server.get());
  }
}
