package org.k3sjvm.kubelet;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for what other threads bring about. */
public final class Eventually {
  private static final long PAUSE_NANOS = Duration.ofMillis(2).toNanos();

  private Eventually() {}

  /** Returns when it holds; fails with the text when it does not in time. */
  public static void holds(Duration limit, BooleanSupplier condition, Supplier<String> otherwise) {
    Instant end = Instant.now().plus(limit);
    while (!condition.getAsBoolean()) {
      if (Instant.now().isAfter(end)) {
        throw new AssertionError("not within " + limit + ": " + otherwise.get());
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }
}
