package org.k3sjvm.kubelet.server;

import java.nio.file.Path;
import org.k3sjvm.base.net.HostPort;

/**
 * Where and for whom the kubelet's API is served.
 *
 * @param nodeName the node whose subresources the API server is asked about
 * @param listen an IP literal and a port, {@code 0.0.0.0:10250} by default
 * @param hostLogs the directory that {@code /logs/} serves
 */
public record KubeletServerConfig(String nodeName, HostPort listen, Path hostLogs) {
  /** Source: kubelet v1.36 defaults of address and port. */
  public static final HostPort DEFAULT_LISTEN = new HostPort("0.0.0.0", 10250);

  private static final Path HOST_LOGS = Path.of("/var/log");

  /** Everything at its default. */
  public static KubeletServerConfig of(String nodeName) {
    return new KubeletServerConfig(nodeName, DEFAULT_LISTEN, HOST_LOGS);
  }
}
