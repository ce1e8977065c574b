package org.k3sjvm.kubelet.handler;

import java.net.SocketTimeoutException;
import java.time.Duration;

/**
 * When a conversation is over, however its parts are spread.
 *
 * @param atNanos on the clock of {@link System#nanoTime}; meaningless without a limit
 */
record Deadline(boolean limited, long atNanos) {
  /** From now on; zero for no limit. */
  static Deadline in(Duration limit) {
    return new Deadline(limit.isPositive(), System.nanoTime() + limit.toNanos());
  }

  /** What is left, rounded up and as sockets want it: zero for no limit. */
  int leftMillis() throws SocketTimeoutException {
    if (!limited) {
      return 0;
    }
    long left = atNanos - System.nanoTime();
    if (left <= 0) {
      throw new SocketTimeoutException("the time is over");
    }
    return (int) Math.min(Integer.MAX_VALUE, left / 1_000_000 + 1);
  }
}
