package org.k3sjvm.server.control.cluster;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Keys that need a look, each at most once, some of them only later. It holds as many entries as
 * there are objects. Thread-safe; one thread takes.
 */
public final class WorkQueue<K> {
  private final InstantSource clock;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Set<K> ready = new LinkedHashSet<>();

  @GuardedBy("lock")
  private final Map<K, Instant> later = new HashMap<>();

  public WorkQueue(InstantSource clock) {
    this.clock = clock;
  }

  public void add(K key) {
    synchronized (lock) {
      if (ready.add(key)) {
        lock.notifyAll();
      }
    }
  }

  /** Adds a key after a time; the earlier of two wins. */
  public void addAfter(K key, Duration delay) {
    synchronized (lock) {
      later.merge(key, clock.instant().plus(delay), (a, b) -> a.isBefore(b) ? a : b);
      lock.notifyAll();
    }
  }

  /** Blocks for the next key and removes it. */
  public K take() throws InterruptedException {
    synchronized (lock) {
      while (true) {
        long waitMillis = promote();
        Iterator<K> keys = ready.iterator();
        if (keys.hasNext()) {
          K key = keys.next();
          keys.remove();
          return key;
        }
        lock.wait(waitMillis);
      }
    }
  }

  /** Moves what is due; the time until the next is due, 0 when there is none. */
  @GuardedBy("lock")
  private long promote() {
    Instant now = clock.instant();
    long nextMillis = 0;
    for (Iterator<Map.Entry<K, Instant>> it = later.entrySet().iterator(); it.hasNext(); ) {
      Map.Entry<K, Instant> entry = it.next();
      if (!entry.getValue().isAfter(now)) {
        ready.add(entry.getKey());
        it.remove();
      } else {
        long millis = Duration.between(now, entry.getValue()).toMillis() + 1; // rounded up
        nextMillis = nextMillis == 0 ? millis : Math.min(nextMillis, millis);
      }
    }
    return nextMillis;
  }
}
