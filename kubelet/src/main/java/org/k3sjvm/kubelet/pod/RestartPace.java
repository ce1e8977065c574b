package org.k3sjvm.kubelet.pod;

import java.time.Duration;

/**
 * How long a container that keeps ending waits before it runs again; each wait is twice the one
 * before it.
 *
 * @param first positive
 * @param cap the longest; not shorter than {@code first}
 */
public record RestartPace(Duration first, Duration cap) {
  /** Source: kubelet v1.36 pkg/kubelet/kubelet.go, initialBackOff and MaxContainerBackOff. */
  public static final RestartPace DEFAULT =
      new RestartPace(Duration.ofSeconds(10), Duration.ofMinutes(5));

  public RestartPace {
    if (!first.isPositive() || cap.compareTo(first) < 0) {
      throw new IllegalArgumentException("a back-off grows from " + first + " to " + cap);
    }
  }

  /**
   * The pace of a node that sets a longest wait, a second to five minutes. Source: kubelet v1.36
   * crashLoopBackOff.maxContainerRestartPeriod.
   */
  public static RestartPace upTo(Duration cap) {
    boolean shorter = cap.compareTo(DEFAULT.first()) < 0;
    return new RestartPace(shorter ? cap : DEFAULT.first(), cap);
  }

  Duration after(Duration pause) {
    Duration twice = pause.multipliedBy(2);
    return twice.compareTo(cap) > 0 ? cap : twice;
  }

  /** A run longer than this forgives what was before it. */
  Duration forgiving() {
    return cap.multipliedBy(2);
  }
}
