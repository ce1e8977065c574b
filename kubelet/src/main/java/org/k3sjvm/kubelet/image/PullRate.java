package org.k3sjvm.kubelet.image;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.k3sjvm.base.time.Sleeper;

/** How often registries are asked: so many at once, then so many each second. Any thread. */
final class PullRate {
  private final Object lock = new Object();
  private final double perSecond;
  private final int burst;
  private final InstantSource clock;
  private final Sleeper sleeper;

  @GuardedBy("lock")
  private double tokens;

  @GuardedBy("lock")
  private Instant last;

  /**
   * Nothing asked yet.
   *
   * @param perSecond 0 for no limit
   */
  PullRate(double perSecond, int burst, InstantSource clock, Sleeper sleeper) {
    this.perSecond = perSecond;
    this.burst = Math.max(1, burst);
    this.clock = clock;
    this.sleeper = sleeper;
    tokens = this.burst;
    last = clock.instant();
  }

  /** Blocks until it is this caller's turn; in the order of arrival. */
  void await() throws InterruptedException {
    if (perSecond > 0) {
      Duration wait = reserve();
      if (wait.isPositive()) {
        sleeper.sleep(wait);
      }
    }
  }

  private Duration reserve() {
    synchronized (lock) {
      Instant now = clock.instant();
      double gained = Math.max(0, Duration.between(last, now).toNanos() / 1e9 * perSecond);
      tokens = Math.min(burst, tokens + gained) - 1;
      last = now;
      return tokens >= 0
          ? Duration.ZERO
          : Duration.ofNanos((long) Math.ceil(-tokens / perSecond * 1e9));
    }
  }
}
