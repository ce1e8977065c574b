package org.k3sjvm.tunnel;

/** What the tunnel to a server says about the server. */
public enum TunnelHealth {
  /** No attempt has ended yet. */
  UNKNOWN,
  /** The tunnel is up. */
  OK,
  /** The last tunnel ended, or could not be made. */
  FAILED
}
