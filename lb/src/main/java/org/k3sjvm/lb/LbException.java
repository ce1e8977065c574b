package org.k3sjvm.lb;

/** The load balancer cannot listen or dial; the message says why and what to do. */
public final class LbException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  LbException(String message) {
    super(message);
  }

  LbException(String message, Throwable cause) {
    super(message, cause);
  }
}
