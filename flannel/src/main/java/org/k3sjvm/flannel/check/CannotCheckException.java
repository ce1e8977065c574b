package org.k3sjvm.flannel.check;

/** There is nothing here that can be checked; the message says why. */
public final class CannotCheckException extends Exception {
  private static final long serialVersionUID = 1L;

  CannotCheckException(String message) {
    super(message);
  }
}
