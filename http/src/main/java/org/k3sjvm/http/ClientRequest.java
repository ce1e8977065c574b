package org.k3sjvm.http;

/**
 * What we ask a server.
 *
 * @param method upper case
 * @param target path and query as they go on the wire
 * @param headers complete but for the body's length; {@code Host} among them
 */
public record ClientRequest(String method, String target, Headers headers) {
  public ClientRequest {
    if (target.isEmpty() || target.chars().anyMatch(c -> c <= ' ' || c == 0x7f)) {
      throw new IllegalArgumentException("not a request target: '" + target + "'");
    }
  }
}
