package org.k3sjvm.lb;

/**
 * How much a server is preferred; later ones are dialled first. Source: k3s v1.36.3
 * pkg/agent/loadbalancer/servers.go.
 */
public enum ServerState {
  /** Removed; kept as a number for metrics only. */
  INVALID,
  /** The last dial or health check failed. */
  FAILED,
  /** Known only because it is the configured server. */
  STANDBY,
  /** Just learned. */
  UNCHECKED,
  /** Worked once after it was new or had failed. */
  RECOVERING,
  /** Works, others are preferred. */
  HEALTHY,
  /** Works, and takes the next connection unless another is active. */
  PREFERRED,
  /** Takes the connections. */
  ACTIVE
}
