package org.k3sjvm.kube;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import org.k3sjvm.base.time.Sleeper;

/**
 * What clients of the same servers tell each other after an outage: that one of them was answered.
 * Waits for the next try, which may have grown long, end then. Any thread may call.
 */
public final class Recovery implements Sleeper {
  /** Servers that come and go are not asked more often. */
  static final Duration SHORTEST = Duration.ofSeconds(1);

  private final Object lock = new Object();

  @GuardedBy("lock")
  private long recoveries;

  private volatile boolean failing;

  /** No server answered a request, or one could not do its work. */
  void failed() {
    failing = true;
  }

  /** A server did what it was asked for. */
  void answered() {
    if (failing) {
      synchronized (lock) {
        if (failing) {
          failing = false;
          recoveries++;
          lock.notifyAll();
        }
      }
    }
  }

  /** Returns after the time, or earlier when an outage has ended meanwhile. */
  @Override
  public void sleep(Duration time) throws InterruptedException {
    long began = System.nanoTime();
    synchronized (lock) {
      long before = recoveries;
      while (true) {
        Duration atMost = recoveries != before && time.compareTo(SHORTEST) > 0 ? SHORTEST : time;
        long leftNanos = atMost.toNanos() - (System.nanoTime() - began);
        if (leftNanos <= 0) {
          return;
        }
        lock.wait(leftNanos / 1_000_000 + 1);
      }
    }
  }
}
