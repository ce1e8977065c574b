package org.k3sjvm.kube.memory;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/**
 * Whether servers are silent. From the first question that failed until the first answer ever, one
 * question every {@link #PERIOD} goes to a server; who has a memory lets it answer the others, so
 * that pods need not wait for one time-out after the other. Any thread may call.
 */
public final class Silence {
  private static final Duration PERIOD = Duration.ofSeconds(3);

  private final InstantSource clock;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private Optional<Instant> lastFailure = Optional.empty();

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

  /** No server answered a question. */
  public void failed() {
    synchronized (lock) {
      lastFailure = Optional.of(clock.instant());
      asking = false;
    }
  }

  /** A server answered, be it with a refusal. */
  public void answered() {
    synchronized (lock) {
      lastAnswer = Optional.of(clock.instant());
      asking = false;
    }
  }

  /** Whether a memory should answer; who is told no asks a server, and says how that went. */
  boolean isLikely() {
    synchronized (lock) {
      if (lastAnswer.isPresent() || lastFailure.isEmpty()) {
        return false;
      }
      if (asking || clock.instant().isBefore(lastFailure.get().plus(PERIOD))) {
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
}
