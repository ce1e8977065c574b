package org.k3sjvm.join;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Decides which of many failed tries are worth a line in the log: a reason that is not the one of
 * the line before, and the same again after a minute. However reasons alternate, ten minutes have
 * at most {@link #BURST} lines and one more for each {@link #REFILL}.
 */
final class RetryLog {
  static final int BURST = 5;
  static final Duration REFILL = Duration.ofSeconds(30);
  static final Duration REMIND = Duration.ofMinutes(1);

  /** Times, ports and counts do not make another reason. */
  private static final Pattern NUMBERS = Pattern.compile("\\d+");

  private int left = BURST;
  private String told = "";
  private Optional<Instant> toldAt = Optional.empty();
  private Optional<Instant> refilledAt = Optional.empty();

  /** Whether to tell this one; then it counts as told. */
  boolean tells(String reason, Instant now) {
    refill(now);
    String shape = NUMBERS.matcher(reason).replaceAll("#");
    boolean news = !shape.equals(told) || toldAt.map(at -> isPast(at, REMIND, now)).orElse(true);
    if (!news || left == 0) {
      return false;
    }
    left--;
    told = shape;
    toldAt = Optional.of(now);
    return true;
  }

  private void refill(Instant now) {
    Instant since = refilledAt.orElse(now);
    if (now.isBefore(since)) {
      since = now; // the clock was set back
    }
    long more = Math.min(BURST, Duration.between(since, now).dividedBy(REFILL));
    left = (int) Math.min(BURST, left + more);
    refilledAt = Optional.of(more == BURST ? now : since.plus(REFILL.multipliedBy(more)));
  }

  private static boolean isPast(Instant at, Duration time, Instant now) {
    return now.isBefore(at) || !now.isBefore(at.plus(time));
  }
}
