package org.k3sjvm.lb;

/** The load balancer cannot listen; the message says why and what to do. */
public final class LbException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  LbException(String message, Throwable cause) {
    super(message, cause);
  }
}
