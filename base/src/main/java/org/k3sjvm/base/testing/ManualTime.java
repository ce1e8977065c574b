package org.k3sjvm.base.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.k3sjvm.base.time.Sleeper;

/** A clock that stands still until it is moved; sleepers wake when their time has come. */
public final class ManualTime implements InstantSource, Sleeper {
  private final Object lock = new Object();

  @GuardedBy("lock")
  private Instant now;

  @GuardedBy("lock")
  private int sleeping;

  public ManualTime(Instant start) {
    this.now = start;
  }

  @Override
  public Instant instant() {
    synchronized (lock) {
      return now;
    }
  }

  @Override
  public void sleep(Duration time) throws InterruptedException {
    synchronized (lock) {
      Instant until = now.plus(time);
      sleeping++;
      lock.notifyAll();
      try {
        while (now.isBefore(until)) {
          lock.wait();
        }
      } finally {
        sleeping--;
      }
    }
  }

  /** Moves the clock forward and wakes those whose time has come. */
  public void advance(Duration time) {
    synchronized (lock) {
      now = now.plus(time);
      lock.notifyAll();
    }
  }

  /** Blocks until that many threads sleep. */
  public void awaitSleepers(int count) throws InterruptedException {
    synchronized (lock) {
      while (sleeping < count) {
        lock.wait();
      }
    }
  }
}
