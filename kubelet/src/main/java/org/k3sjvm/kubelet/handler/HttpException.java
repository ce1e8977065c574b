package org.k3sjvm.kubelet.handler;

import java.io.IOException;

/** A question that got no whole answer; the message is for users. */
public final class HttpException extends IOException {
  private static final long serialVersionUID = 1L;

  /** How far the answer came. */
  public enum Stage {
    /** Nothing of use came. */
    HEAD,
    /** It began well, and broke off within its body. */
    BODY,
    /** A server for plain HTTP was asked with TLS. */
    PLAIN_SERVER
  }

  private final Stage stage;

  HttpException(Stage stage, String message, IOException cause) {
    super(message, cause);
    this.stage = stage;
  }

  HttpException(String message) {
    super(message);
    this.stage = Stage.HEAD;
  }

  public Stage stage() {
    return stage;
  }
}
