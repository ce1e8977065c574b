package org.k3sjvm.http;

import java.time.Duration;

/**
 * What one client can make the server hold.
 *
 * @param headBytes request line and headers together
 * @param bodyBytes one request's body
 * @param connections open at the same time; more are closed at once
 * @param idle how long a kept-alive connection may stay silent between requests
 * @param head how long a request's head may take from its first byte
 * @param read how long a read of a request's body may wait
 * @param write how long a write may wait for a client that does not read
 */
public record HttpLimits(
    int headBytes,
    long bodyBytes,
    int connections,
    Duration idle,
    Duration head,
    Duration read,
    Duration write) {

  /** Kept longer than the 90 s after which Go clients drop an idle connection themselves. */
  private static final Duration IDLE = Duration.ofMinutes(2);

  /** 3 MiB is what an API server accepts as a body. Source: Kubernetes v1.36 server options. */
  public static final HttpLimits DEFAULTS =
      new HttpLimits(
          64 * 1024,
          3 * 1024 * 1024,
          1000,
          IDLE,
          Duration.ofSeconds(20),
          Duration.ofMinutes(1),
          Duration.ofMinutes(10));

  public HttpLimits {
    if (headBytes < 1024
        || bodyBytes < 0
        || connections < 1
        || !idle.isPositive()
        || !head.isPositive()
        || !read.isPositive()
        || !write.isPositive()) {
      throw new IllegalArgumentException("every limit of an HTTP server needs to be positive");
    }
  }

  public HttpLimits withBodyBytes(long bytes) {
    return new HttpLimits(headBytes, bytes, connections, idle, head, read, write);
  }

  public HttpLimits withConnections(int count) {
    return new HttpLimits(headBytes, bodyBytes, count, idle, head, read, write);
  }

  public HttpLimits withWrite(Duration time) {
    return new HttpLimits(headBytes, bodyBytes, connections, idle, head, read, time);
  }

  public HttpLimits withIdle(Duration time) {
    return new HttpLimits(headBytes, bodyBytes, connections, time, head, read, write);
  }
}
