package org.k3sjvm.http;

import java.io.IOException;

/** The peer sent something that is not HTTP/1.1 as we accept it. */
public final class HttpFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int status;

  /**
   * A malformed message.
   *
   * @param status what a server answers: 400, 414, 431, 501 or 505
   */
  public HttpFormatException(int status, String message) {
    super(message);
    this.status = status;
  }

  /** What a server answers. */
  public int status() {
    return status;
  }
}
