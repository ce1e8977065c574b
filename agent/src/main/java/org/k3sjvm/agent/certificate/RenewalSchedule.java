package org.k3sjvm.agent.certificate;

import java.time.Duration;
import java.time.Instant;

/**
 * When a running agent asks for its certificates anew. Upstream does so at each start alone, and
 * calls 120 days before the end late; two thirds of a year end before that.
 */
final class RenewalSchedule {
  /** The latest share of a certificate's life after which it is replaced. */
  private static final double LATEST = 2.0 / 3;

  /** How much earlier a node may be, by chance: a thousand nodes started at once ask apart. */
  private static final double SPREAD = 0.1;

  /** Between tries, and before another certificate that was over when it came. */
  private static final Duration LONGEST_RETRY = Duration.ofMinutes(5);

  private static final Duration FIRST_RETRY = Duration.ofSeconds(5);
  private static final Duration SHORTEST_RETRY = Duration.ofMillis(500);
  private static final int DOUBLINGS = 10;

  private RenewalSchedule() {}

  /**
   * The time to ask.
   *
   * @param obtained when the certificates came; what they say of their begin is the authority's
   * @param end of the first of them
   * @param chance from 0 to 1, the same for one set of certificates
   */
  static Instant due(Instant obtained, Instant end, double chance) {
    Duration life = Duration.between(obtained, end);
    if (!life.isPositive()) {
      return obtained.plus(LONGEST_RETRY); // a clock is wrong, ours or the server's
    }
    return obtained.plusMillis(Math.round(life.toMillis() * (LATEST - SPREAD * chance)));
  }

  /**
   * When it should have been done: from then on somebody should know.
   *
   * @param obtained and
   * @param end as for {@link #due}
   */
  static Instant overdue(Instant obtained, Instant end) {
    return due(obtained, end, 0);
  }

  /**
   * How long to wait after a failure: longer each time, but a tenth of what is left while something
   * is left.
   *
   * @param failures in a row, at least 1
   * @param left until the certificates end; may be negative
   * @param chance from 0 to 1
   */
  static Duration retry(int failures, Duration left, double chance) {
    Duration wait =
        min(FIRST_RETRY.multipliedBy(1L << Math.min(failures - 1, DOUBLINGS)), LONGEST_RETRY);
    if (left.isPositive()) {
      wait = max(SHORTEST_RETRY, min(wait, left.dividedBy(10)));
    }
    return wait.plusMillis((long) (wait.toMillis() * chance / 2));
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) <= 0 ? a : b;
  }

  private static Duration max(Duration a, Duration b) {
    return a.compareTo(b) >= 0 ? a : b;
  }
}
