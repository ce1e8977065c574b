package org.k3sjvm.kubelet.server;

/** An answer other than success, thrown by a handler and sent by the dispatcher as plain text. */
final class ApiError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String text;

  ApiError(int status, String message) {
    super(message);
    this.status = status;
    this.text = message;
  }

  int status() {
    return status;
  }

  /** What the client reads. */
  String text() {
    return text;
  }
}
