package org.k3sjvm.lb;

import org.k3sjvm.base.net.HostPort;

/** Says how a server is; asked once a second at most, from one thread, and must not block. */
@FunctionalInterface
public interface HealthSource {
  /** Health that nobody knows. */
  HealthSource UNKNOWN = server -> Health.UNKNOWN;

  Health healthOf(HostPort server);
}
