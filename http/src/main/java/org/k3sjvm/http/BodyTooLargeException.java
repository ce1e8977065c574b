package org.k3sjvm.http;

import java.io.IOException;

/** A request's body is longer than the server's limit; unhandled, it becomes a 413. */
public final class BodyTooLargeException extends IOException {
  private static final long serialVersionUID = 1L;

  public BodyTooLargeException(long limitBytes) {
    super("the body is longer than " + limitBytes + " bytes");
  }
}
