package org.k3sjvm.http.websocket;

import java.io.IOException;

/** The peer broke the rules of RFC 6455 or refused the handshake; the connection is of no use. */
public final class WebSocketException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int closeCode;

  /**
   * A broken rule.
   *
   * @param closeCode what to tell the peer: 1002 for the protocol, 1009 for size
   */
  public WebSocketException(int closeCode, String message) {
    super(message);
    this.closeCode = closeCode;
  }

  public int closeCode() {
    return closeCode;
  }
}
