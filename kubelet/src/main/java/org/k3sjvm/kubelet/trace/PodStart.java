package org.k3sjvm.kubelet.trace;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How one pod started.
 *
 * @param seen when the watch brought it
 * @param after how long after that each step was done; steps that were not reached are missing
 */
public record PodStart(
    String namespace, String name, String uid, Instant seen, Map<StartStep, Duration> after) {
  public PodStart {
    after = Map.copyOf(after);
  }

  /** How long a step took from the end of the one that was reached before it. */
  public Optional<Duration> took(StartStep step) {
    Duration end = after.get(step);
    if (end == null) {
      return Optional.empty();
    }
    Duration begin = Duration.ZERO;
    for (Map.Entry<StartStep, Duration> e : new TreeMap<>(after).headMap(step).entrySet()) {
      begin = e.getValue().compareTo(begin) > 0 ? e.getValue() : begin;
    }
    return Optional.of(end.compareTo(begin) > 0 ? end.minus(begin) : Duration.ZERO);
  }
}
