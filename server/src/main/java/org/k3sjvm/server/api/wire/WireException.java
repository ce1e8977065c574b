package org.k3sjvm.server.api.wire;

/** The bytes are not what they say they are. */
public final class WireException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  WireException(String message) {
    super(message);
  }
}
