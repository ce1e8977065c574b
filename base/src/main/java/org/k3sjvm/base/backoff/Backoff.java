package org.k3sjvm.base.backoff;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Growing waits: {@code base × factor^attempt}, at most {@code cap}, then up to {@code jitter} of
 * it more.
 *
 * @param base the wait before the second try, positive
 * @param cap the longest wait before jitter, at least {@code base}
 * @param factor at least 1
 * @param jitter 0 for none; 0.5 adds up to half of the wait
 */
public record Backoff(Duration base, Duration cap, double factor, double jitter) {
  public Backoff {
    if (!base.isPositive() || cap.compareTo(base) < 0 || factor < 1 || jitter < 0) {
      throw new IllegalArgumentException("backoff needs 0 < base <= cap, factor >= 1, jitter >= 0");
    }
  }

  /** The same wait each time. */
  public static Backoff constant(Duration wait) {
    return new Backoff(wait, wait, 1, 0);
  }

  /** Doubling waits without jitter. */
  public static Backoff doubling(Duration base, Duration cap) {
    return new Backoff(base, cap, 2, 0);
  }

  /**
   * The wait after a number of failures.
   *
   * @param attempt 0 for the first failure
   */
  public Duration after(int attempt, RandomGenerator random) {
    Duration plain = plain(attempt);
    return jitter == 0
        ? plain
        : plain.plusNanos((long) (plain.toNanos() * jitter * random.nextDouble()));
  }

  private Duration plain(int attempt) {
    double nanos = base.toNanos() * Math.pow(factor, Math.max(0, attempt));
    return nanos >= cap.toNanos() ? cap : Duration.ofNanos((long) nanos);
  }
}
