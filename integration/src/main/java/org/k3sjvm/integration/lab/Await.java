package org.k3sjvm.integration.lab;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** Waiting for something to become so, with a deadline. */
public final class Await {
  private static final long LOOK_EVERY_NANOS = Duration.ofMillis(50).toNanos();

  private Await() {}

  /**
   * Returns once the condition holds; an exception that it throws means "not yet".
   *
   * @param what completes the sentence "waited 30 s until …"
   * @throws LabException when the time is over; the cause is the last exception of the condition
   */
  public static void until(String what, Duration limit, Callable<Boolean> condition)
      throws InterruptedException {
    value(what, limit, () -> condition.call() ? Optional.of(true) : Optional.empty());
  }

  /** The same, returning what was found. */
  public static <T> T value(String what, Duration limit, Callable<Optional<T>> find)
      throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      Optional<Exception> fault = Optional.empty();
      try {
        Optional<T> found = find.call();
        if (found.isPresent()) {
          return found.get();
        }
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        fault = Optional.of(e);
      }
      if (System.nanoTime() > deadline) {
        throw new LabException(
            "waited " + limit.toSeconds() + " s until " + what, fault.orElse(null));
      }
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      LockSupport.parkNanos(LOOK_EVERY_NANOS);
    }
  }
}
