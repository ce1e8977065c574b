package org.k3sjvm.tunnel;

import java.io.IOException;

/** A tunnel does not work; the message says which rule or limit was met. */
public final class TunnelException extends IOException {
  private static final long serialVersionUID = 1L;

  public TunnelException(String message) {
    super(message);
  }
}
