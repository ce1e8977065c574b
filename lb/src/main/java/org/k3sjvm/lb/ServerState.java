package org.k3sjvm.lb;

/**
 * How much a server is preferred; later ones are dialled first. Source: k3s v1.36.3
 * pkg/agent/loadbalancer/servers.go.
 */
public enum ServerState {
  /** Removed; kept as a number for metrics only. */
  INVALID(0),
  /** The last dial or health check failed. */
  FAILED(1),
  /** Known only because it is the configured server. */
  STANDBY(2),
  /** Just learned. */
  UNCHECKED(3),
  /** Worked once after it was new or had failed. */
  RECOVERING(4),
  /** Works, others are preferred. */
  HEALTHY(5),
  /** Works, and takes the next connection unless another is active. */
  PREFERRED(6),
  /** Takes the connections. */
  ACTIVE(7);

  private final int number;

  ServerState(int number) {
    this.number = number;
  }

  /** As in metrics. */
  public int number() {
    return number;
  }
}
