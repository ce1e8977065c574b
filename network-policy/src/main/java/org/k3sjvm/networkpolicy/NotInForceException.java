package org.k3sjvm.networkpolicy;

/** Policies that select a pod are not in force for its addresses; trying again may help. */
public final class NotInForceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NotInForceException(String message) {
    super(message);
  }
}
