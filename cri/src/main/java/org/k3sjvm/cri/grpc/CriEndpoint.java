package org.k3sjvm.cri.grpc;

import java.nio.file.Path;

/**
 * Where a runtime listens.
 *
 * @param socket absolute path of a Unix socket; it need not exist yet
 */
public record CriEndpoint(Path socket) {
  private static final String SCHEME = "unix://";

  public CriEndpoint {
    if (!socket.isAbsolute()) {
      throw new IllegalArgumentException("a runtime's socket is an absolute path: " + socket);
    }
  }

  /**
   * Reads {@code unix:///run/containerd/containerd.sock} or a path alone.
   *
   * @throws IllegalArgumentException when it is neither
   */
  public static CriEndpoint parse(String text) {
    String path = text.startsWith(SCHEME) ? text.substring(SCHEME.length()) : text;
    if (!path.startsWith("/")) {
      throw new IllegalArgumentException(
          "not a container runtime endpoint: '" + text + "'; expected unix:///path/to/socket");
    }
    return new CriEndpoint(Path.of(path));
  }

  @Override
  public String toString() {
    return SCHEME + socket;
  }
}
