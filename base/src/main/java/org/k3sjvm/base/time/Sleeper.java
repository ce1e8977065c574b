package org.k3sjvm.base.time;

import java.time.Duration;

/** Waits; handed in so that tests move time by hand. */
@FunctionalInterface
public interface Sleeper {
  Sleeper SYSTEM = Thread::sleep;

  /** Returns after the time, at once when it is zero or negative. */
  void sleep(Duration time) throws InterruptedException;
}
