package org.k3sjvm.cri.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.CriException;

/** What the next calls of a fake shall do, by verb. */
final class Orders {
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<String, Deque<CriException>> faults = new HashMap<>();

  @GuardedBy("lock")
  private final Map<String, Deque<Hold>> holds = new HashMap<>();

  @GuardedBy("lock")
  private boolean away;

  void failNext(String verb, CriException fault) {
    synchronized (lock) {
      faults.computeIfAbsent(verb, v -> new ArrayDeque<>()).add(fault);
    }
  }

  Hold holdNext(String verb) {
    Hold hold = new Hold();
    synchronized (lock) {
      holds.computeIfAbsent(verb, v -> new ArrayDeque<>()).add(hold);
    }
    return hold;
  }

  void setAway(boolean isAway) {
    synchronized (lock) {
      away = isAway;
    }
  }

  void obey(String verb, String subject) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    Hold hold;
    synchronized (lock) {
      hold = next(holds, verb);
    }
    if (hold != null) {
      hold.pass();
    }
    synchronized (lock) {
      if (away) {
        throw new CriException.Unavailable(verb, subject, "the fake is away", null);
      }
      CriException fault = next(faults, verb);
      if (fault != null) {
        throw fault;
      }
    }
  }

  private static <T> @Nullable T next(Map<String, Deque<T>> queues, String verb) {
    Deque<T> queue = queues.get(verb);
    return queue == null ? null : queue.poll();
  }
}
