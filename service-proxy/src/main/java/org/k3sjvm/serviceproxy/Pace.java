package org.k3sjvm.serviceproxy;

import java.time.Duration;
import java.time.Instant;

/**
 * How soon the next change may be applied: some at once after a quiet time, then one for each
 * interval. Source: kube-proxy v1.36 pkg/proxy/runner, a token bucket.
 */
final class Pace {
  private final Duration interval;
  private final int burst;

  /** When the bucket is full again. */
  private Instant full;

  Pace(Duration interval, int burst, Instant now) {
    this.interval = interval;
    this.burst = burst;
    this.full = now;
  }

  /** Takes one; how long to wait first. */
  Duration take(Instant now) {
    Instant from = full.isBefore(now) ? now : full;
    full = from.plus(interval);
    Duration wait = Duration.between(now, full.minus(interval.multipliedBy(burst)));
    return wait.isNegative() ? Duration.ZERO : wait;
  }
}
