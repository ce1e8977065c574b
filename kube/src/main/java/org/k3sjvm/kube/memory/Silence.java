package org.k3sjvm.kube.memory;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/**
 * Whether servers are silent: nothing but failures for {@link #PATIENCE}. One failure among answers
 * is none. In a silence that began before the first answer ever, one question every {@link #PERIOD}
 * goes to a server and a memory may answer the others at once, so that pods need not wait for one
 * time-out after the other. Any thread may call.
 */
public final class Silence {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration PERIOD = Duration.ofSeconds(3);

  private final InstantSource clock;
  private final Duration maxAge;
  private final Object lock = new Object();

  /** Since the last answer. */
  @GuardedBy("lock")
  private Optional<Instant> firstFailure = Optional.empty();

  @GuardedBy("lock")
  private Instant lastFailure = Instant.MIN;

  @GuardedBy("lock")
  private Optional<Instant> lastAnswer = Optional.empty();

  /** The same, or that of an earlier run. */
  @GuardedBy("lock")
  private Instant lastContact = Instant.MIN;

  @GuardedBy("lock")
  private boolean heard;

  @GuardedBy("lock")
  private boolean asking;

  /** One that a memory may fill for any time. */
  public Silence(InstantSource clock) {
    this(clock, Duration.ofSeconds(Long.MAX_VALUE));
  }

  /**
   * No answer and no failure yet.
   *
   * @param maxAge how long after the last answer a memory may answer
   */
  public Silence(InstantSource clock, Duration maxAge) {
    this.clock = clock;
    this.maxAge = maxAge;
  }

  /** When a server answered last; empty when none ever did. */
  public Optional<Instant> lastAnswer() {
    synchronized (lock) {
      return lastAnswer;
    }
  }

  /** A server answered in an earlier run. */
  public void answeredBefore(Instant at) {
    synchronized (lock) {
      lastContact = at;
    }
  }

  /** Somebody else has waited long enough in vain. */
  public void assume() {
    synchronized (lock) {
      lastFailure = clock.instant();
      firstFailure = Optional.of(lastFailure.minus(PATIENCE));
    }
  }

  /** No server answered a question. */
  public void failed() {
    synchronized (lock) {
      lastFailure = clock.instant();
      firstFailure = firstFailure.or(() -> Optional.of(lastFailure));
      asking = false;
    }
  }

  /** A server answered. */
  public void answered() {
    synchronized (lock) {
      lastContact = clock.instant();
      lastAnswer = Optional.of(lastContact);
      heard();
    }
  }

  /** A server did not do what it was asked for, which is no silence, nor lengthens a memory. */
  void refused() {
    synchronized (lock) {
      heard();
    }
  }

  @GuardedBy("lock")
  private void heard() {
    heard = true;
    firstFailure = Optional.empty();
    asking = false;
  }

  /** Whether a memory may answer in place of a server that did not. */
  boolean lasts() {
    synchronized (lock) {
      return isLasting();
    }
  }

  /** Whether nobody was ever heard, which is what tokens may be recalled for. */
  boolean lastsSinceTheStart() {
    synchronized (lock) {
      return !heard && isLasting();
    }
  }

  /** Whether a memory should answer first; who is told no asks a server, and says how that went. */
  boolean isLikely() {
    synchronized (lock) {
      if (heard || !isLasting()) {
        return false;
      }
      if (asking || clock.instant().isBefore(lastFailure.plus(PERIOD))) {
        return true;
      }
      asking = true;
      return false;
    }
  }

  /** A question was given up before anything was heard. */
  void givenUp() {
    synchronized (lock) {
      asking = false;
    }
  }

  @GuardedBy("lock")
  private boolean isLasting() {
    Instant now = clock.instant();
    return firstFailure.filter(first -> !now.isBefore(first.plus(PATIENCE))).isPresent()
        && Duration.between(lastContact, now).compareTo(maxAge) <= 0;
  }
}
