package org.k3sjvm.http;

import java.util.Optional;
import org.k3sjvm.base.net.HostPort;

/**
 * Where and how a server listens.
 *
 * @param name for threads and log lines
 * @param listen an IP literal and a port, 0 for any free one
 * @param tls empty for plain HTTP
 * @param limits what one client can make the server hold
 */
public record HttpServerConfig(
    String name, HostPort listen, Optional<ServerTls> tls, HttpLimits limits) {
  public HttpServerConfig(String name, HostPort listen, Optional<ServerTls> tls) {
    this(name, listen, tls, HttpLimits.DEFAULTS);
  }
}
