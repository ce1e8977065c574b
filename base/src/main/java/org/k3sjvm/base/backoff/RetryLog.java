package org.k3sjvm.base.backoff;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Decides which of many failed tries are worth a line in the log: a reason that is not the one of
 * the line before, and the same again when it was told long ago. However reasons alternate, there
 * are at most {@link #BURST} lines at once and then one for each half of that time. For one thread.
 */
public final class RetryLog {
  static final int BURST = 5;

  /** Times, ports and counts do not make another reason. */
  private static final Pattern NUMBERS = Pattern.compile("\\d+");

  private final Duration remind;
  private final Duration refill;
  private int left = BURST;
  private String told = "";
  private Optional<Instant> toldAt = Optional.empty();
  private Optional<Instant> refilledAt = Optional.empty();

  /**
   * Tells everything at first.
   *
   * @param remind after which the same is told again, positive
   */
  public RetryLog(Duration remind) {
    this.remind = remind;
    this.refill = remind.dividedBy(2);
  }

  /** Whether to tell this one; then it counts as told. */
  public boolean tells(String reason, Instant now) {
    refill(now);
    String shape = NUMBERS.matcher(reason).replaceAll("#");
    boolean news = !shape.equals(told) || toldAt.map(at -> isPast(at, remind, now)).orElse(true);
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
    long more = Math.min(BURST, Duration.between(since, now).dividedBy(refill));
    left = (int) Math.min(BURST, left + more);
    refilledAt = Optional.of(more == BURST ? now : since.plus(refill.multipliedBy(more)));
  }

  private static boolean isPast(Instant at, Duration time, Instant now) {
    return now.isBefore(at) || !now.isBefore(at.plus(time));
  }
}
