package org.k3sjvm.server.api.patch;

/** The patch is malformed or does not fit the object; the message says where. */
public final class PatchException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public PatchException(String message) {
    super(message);
  }
}
