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
  private final Object lock = new Object();

  /** Since the last answer. */
  @GuardedBy("lock")
  private Optional<Instant> firstFailure = Optional.empty();

  @GuardedBy("lock")
  private Instant lastFailure = Instant.MIN;

  @GuardedBy("lock")
  private Optional<Instant> lastAnswer = Optional.empty();

  @GuardedBy("lock")
  private boolean asking;

  public Silence(InstantSource clock) {
    this.clock = clock;
  }

  /** When a server answered last; empty when none ever did. */
  public Optional<Instant> lastAnswer() {
    synchronized (lock) {
      return lastAnswer;
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

  /** A server answered, be it with a refusal. */
  public void answered() {
    synchronized (lock) {
      lastAnswer = Optional.of(clock.instant());
      firstFailure = Optional.empty();
      asking = false;
    }
  }

  /** Whether a memory may answer in place of a server that did not. */
  boolean lasts() {
    synchronized (lock) {
      return isLasting();
    }
  }

  /** Whether nobody ever answered, which is what tokens may be recalled for. */
  boolean lastsSinceTheStart() {
    synchronized (lock) {
      return lastAnswer.isEmpty() && isLasting();
    }
  }

  /** Whether a memory should answer first; who is told no asks a server, and says how that went. */
  boolean isLikely() {
    synchronized (lock) {
      if (lastAnswer.isPresent() || !isLasting()) {
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
    return firstFailure
        .filter(first -> !clock.instant().isBefore(first.plus(PATIENCE)))
        .isPresent();
  }
}
