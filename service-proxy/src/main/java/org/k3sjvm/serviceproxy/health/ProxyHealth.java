package org.k3sjvm.serviceproxy.health;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Whether the proxy keeps up: well while no change waits for longer than a limit. Source:
 * kube-proxy v1.36 pkg/proxy/healthcheck/proxy_health.go.
 */
public final class ProxyHealth {
  private final InstantSource clock;
  private final Duration limit;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private Optional<Instant> oldestQueued = Optional.empty();

  @GuardedBy("lock")
  private Optional<Instant> updated = Optional.empty();

  /**
   * Health of a proxy that has done nothing yet.
   *
   * @param limit how long a change may wait
   */
  public ProxyHealth(InstantSource clock, Duration limit) {
    this.clock = clock;
    this.limit = limit;
  }

  /**
   * What is told.
   *
   * @param updated when the rules were last as wanted; now while nothing waits
   */
  public record State(boolean well, Instant updated, Instant now) {}

  /** A change waits to be written. */
  public void queued() {
    lock.lock();
    try {
      if (oldestQueued.isEmpty()) {
        oldestQueued = Optional.of(clock.instant());
      }
    } finally {
      lock.unlock();
    }
  }

  /** Everything that waited has been written. */
  public void updated() {
    lock.lock();
    try {
      oldestQueued = Optional.empty();
      updated = Optional.of(clock.instant());
    } finally {
      lock.unlock();
    }
  }

  public State state() {
    lock.lock();
    try {
      Instant now = clock.instant();
      boolean well =
          updated.isPresent() && oldestQueued.map(at -> now.isBefore(at.plus(limit))).orElse(true);
      return new State(well, well ? now : updated.orElse(Instant.EPOCH), now);
    } finally {
      lock.unlock();
    }
  }
}
