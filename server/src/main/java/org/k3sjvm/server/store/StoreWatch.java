package org.k3sjvm.server.store;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The changes below a prefix, in order and without gaps, from a revision on. One thread takes, the
 * store puts. History is read page by page as it is taken. A taker that lets {@link #BOUND} live
 * events pile up is cut off: it gets what is queued and then {@link Next.Cut}.
 */
public final class StoreWatch implements AutoCloseable {
  /** Events that may wait for a slow taker. */
  static final int BOUND = 1024;

  private static final int HISTORY_PAGE = 64;

  private final ObjectStore store;
  private final String prefix;

  /** Owned by the taker: history not yet taken, and where the next page begins. */
  private final Deque<StoreEvent> history = new ArrayDeque<>();

  private final long historyEnd;
  private long historyCursor;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Deque<StoreEvent> queue = new ArrayDeque<>();

  @GuardedBy("lock")
  private boolean cut;

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private long seen;

  /** What a take brings. */
  public sealed interface Next {
    /** A change. */
    record Event(StoreEvent event) implements Next {}

    /**
     * Nothing happened within the time.
     *
     * @param revision every change up to here was delivered
     */
    record Quiet(long revision) implements Next {}

    /** The taker was too slow, or the store closed; nothing more comes. */
    record Cut(String reason) implements Next {}
  }

  /** History in {@code (since, published]}, then live events after {@code published}. */
  StoreWatch(ObjectStore store, String prefix, long since, long published) {
    this.store = store;
    this.prefix = prefix;
    this.historyCursor = since;
    this.historyEnd = published;
    this.seen = published;
  }

  /** Waits for the next change, at most for a time. */
  public Next take(Duration limit) throws InterruptedException {
    while (history.isEmpty() && historyCursor < historyEnd) {
      try {
        historyCursor = store.history(prefix, historyCursor, historyEnd, HISTORY_PAGE, history);
      } catch (StoreException e) {
        return new Next.Cut(e.getMessage() == null ? "history is gone" : e.getMessage());
      }
    }
    StoreEvent old = history.pollFirst();
    return old != null ? new Next.Event(old) : takeLive(limit.toNanos());
  }

  private Next takeLive(long limitNanos) throws InterruptedException {
    long nanos = limitNanos;
    lock.lockInterruptibly();
    try {
      while (true) {
        StoreEvent event = queue.pollFirst();
        if (event != null) {
          return new Next.Event(event);
        }
        if (cut || closed) {
          return new Next.Cut(
              cut ? "the watcher was too slow: " + BOUND + " events waited" : "the store closes");
        }
        if (nanos <= 0) {
          return new Next.Quiet(seen);
        }
        nanos = changed.awaitNanos(nanos);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends the watch; a waiting taker wakes. */
  @Override
  public void close() {
    store.forget(this);
    end();
  }

  void end() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Offers committed changes; those of other prefixes only move the revision on. */
  void offer(List<StoreEvent> events, long revision) {
    lock.lock();
    try {
      if (cut || closed) {
        return;
      }
      boolean woken = false;
      for (StoreEvent event : events) {
        if (event.object().key().startsWith(prefix)) {
          if (queue.size() >= BOUND) {
            cut = true;
            changed.signalAll();
            return;
          }
          queue.addLast(event);
          woken = true;
        }
      }
      seen = revision;
      if (woken) {
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }
}
