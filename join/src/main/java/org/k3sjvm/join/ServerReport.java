package org.k3sjvm.join;

import java.util.Optional;

/**
 * Knows why servers could not be reached, when requests go through a load balancer that only closes
 * the connection.
 */
@FunctionalInterface
public interface ServerReport {
  /** Each server with its last fault, as one line; empty when nothing failed lately. */
  Optional<String> lastFailures();
}
