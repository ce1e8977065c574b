package org.k3sjvm.base.pki;

/**
 * A key or certificate is missing, broken or does not fit its pair; the message names which and
 * what to do.
 */
public final class PkiException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public PkiException(String message) {
    super(message);
  }

  public PkiException(String message, Throwable cause) {
    super(message, cause);
  }
}
