package org.k3sjvm.http;

import java.io.IOException;

/** Answers requests; blocking code, each request on a virtual thread of its connection. */
@FunctionalInterface
public interface Handler {
  /**
   * Answers one request. When it returns without having sent anything, the client gets the status
   * set so far, 200 without a body if none. A fault before the head was sent becomes a 500, after
   * it the connection is cut so that the client notices.
   *
   * @throws IOException when the client has gone; logged at debug only
   * @throws InterruptedException when the server stops
   */
  void handle(Request request, Response response) throws IOException, InterruptedException;
}
