package org.k3sjvm.kubelet.event;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/**
 * How many events one object may cause: a burst, then a trickle. One thread.
 *
 * <p>Source: client-go v0.36 tools/record/events_cache.go, EventSourceObjectSpamFilter.
 */
final class EventBudget {
  private static final int BURST = 25;
  private static final Duration REFILL = Duration.ofMinutes(5);

  private record Left(double tokens, Instant at) {}

  private final Map<String, Left> objects = new Lru<>();

  /** Takes one, if there is one left. */
  boolean take(String object, Instant now) {
    Left left = objects.getOrDefault(object, new Left(BURST, now));
    double refilled =
        (double) Duration.between(left.at(), now).toMillis() / REFILL.toMillis() + left.tokens();
    double tokens = Math.min(BURST, refilled);
    boolean granted = tokens >= 1;
    objects.put(object, new Left(granted ? tokens - 1 : tokens, now));
    return granted;
  }
}
