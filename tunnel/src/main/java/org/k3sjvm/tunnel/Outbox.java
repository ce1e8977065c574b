package org.k3sjvm.tunnel;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Frames on their way to the writer, in order. Data waits while too much of it is queued; the rest
 * never waits, so that the reader never does, and is bounded by the connections that cause it: past
 * the bound the session is broken.
 */
final class Outbox {
  /** One sending of a writer's turn: some 10 ms on a 200 Mbit/s line. */
  private static final int MAX_DATA_BYTES = 256 * 1024;

  private static final int MAX_CONTROL_ITEMS = 16 * 1024;

  /** What the writer is asked to send. */
  sealed interface Item {
    record Message(Frame frame) implements Item {}

    record Ping() implements Item {}

    record Pong() implements Item {}

    /** The list of connections, made at the moment it is sent. */
    record Sync() implements Item {}
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Deque<Item> items = new ArrayDeque<>();

  @GuardedBy("lock")
  private int dataBytes;

  @GuardedBy("lock")
  private boolean closed;

  /** Queues data; blocks while there is enough of it. */
  void putData(Frame.Data data) throws InterruptedException, TunnelException {
    lock.lockInterruptibly();
    try {
      while (!closed && dataBytes >= MAX_DATA_BYTES) {
        changed.await();
      }
      if (closed) {
        throw new TunnelException("tunnel disconnect");
      }
      dataBytes += data.payload().remaining();
      items.add(new Item.Message(data));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Queues anything else at once; false when the peer lets far too much pile up. */
  boolean putControl(Item item) {
    lock.lock();
    try {
      if (!closed && items.size() >= MAX_CONTROL_ITEMS) {
        return false;
      }
      if (!closed) {
        items.add(item);
        changed.signalAll();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  Item take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (items.isEmpty()) {
        changed.await();
      }
      Item item = items.remove();
      if (item instanceof Item.Message(Frame.Data data)) {
        dataBytes -= data.payload().remaining();
        changed.signalAll();
      }
      return item;
    } finally {
      lock.unlock();
    }
  }

  /** Drops what waits and wakes those who wait. */
  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
