package org.k3sjvm.tunnel;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Frames on their way to the writer. Each connection has a lane; lanes take turns, a frame at a
 * time, so that a keystroke waits for one frame of every other connection and not for all that a
 * bulk copy has queued; and a {@link SendWindow} keeps what is on its way short. Within a lane
 * frames keep their order. What is no data goes first, unless it ends a connection whose data still
 * waits.
 *
 * <p>A writer of data waits while its own lane is full; the rest never waits, so that the reader
 * never does, and is bounded: past the bound the session is broken.
 */
final class Outbox {
  /** What all lanes may hold together, but for a frame of each; 10 ms on a 200 Mbit/s line. */
  private static final int MAX_DATA_BYTES = 256 * 1024;

  private static final int MAX_LANE_BYTES = 64 * 1024;
  private static final int MAX_CONTROL_ITEMS = 16 * 1024;

  /** What the writer is asked to send. */
  sealed interface Item {
    record Message(Frame frame) implements Item {}

    record Ping() implements Item {}

    record Pong() implements Item {}

    /** The list of connections, made at the moment it is sent. */
    record Sync() implements Item {}
  }

  /** What waits of one connection; exists while something does. */
  private final class Lane {
    final long connection;
    final Deque<Frame> frames = new ArrayDeque<>();
    final Condition room = lock.newCondition();
    int bytes;
    boolean ended;

    Lane(long connection) {
      this.connection = connection;
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition filled = lock.newCondition();

  @GuardedBy("lock")
  private final Deque<Item> urgent = new ArrayDeque<>();

  @GuardedBy("lock")
  private final Map<Long, Lane> lanes = new HashMap<>();

  /** The same lanes, the next to send first. */
  @GuardedBy("lock")
  private final Deque<Lane> turns = new ArrayDeque<>();

  @GuardedBy("lock")
  private final SendWindow window = new SendWindow();

  @GuardedBy("lock")
  private long sentAtLastPing = -1;

  @GuardedBy("lock")
  private int endsInLanes;

  @GuardedBy("lock")
  private boolean closed;

  /** Queues data; blocks while there is enough of this connection. */
  void putData(Frame.Data data) throws InterruptedException, TunnelException {
    lock.lockInterruptibly();
    try {
      Lane lane = lanes.get(data.connection());
      while (!closed && lane != null && !lane.ended && isFull(lane)) {
        lane.room.await();
        if (!lane.ended) {
          lane = lanes.get(data.connection());
        }
      }
      if (closed || (lane != null && lane.ended)) {
        throw new TunnelException("tunnel disconnect");
      }
      if (lane == null) {
        lane = newLane(data.connection());
      }
      lane.bytes += data.payload().remaining();
      lane.frames.add(data);
      filled.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Queues anything else at once; false when the peer lets far too much pile up. */
  boolean putControl(Item item) {
    lock.lock();
    try {
      if (closed) {
        return true;
      }
      if (urgent.size() + endsInLanes >= MAX_CONTROL_ITEMS) {
        return false;
      }
      Lane lane =
          item instanceof Item.Message(Frame.Ended(long connection, String _))
              ? lanes.get(connection)
              : null;
      if (lane != null && item instanceof Item.Message(Frame frame)) {
        lane.frames.add(frame);
        endsInLanes++;
        end(lane);
      } else {
        urgent.add(item);
      }
      filled.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Drops the data of a connection that the peer has ended; whoever waits to add some fails. */
  void forget(long connection) {
    lock.lock();
    try {
      Lane lane = lanes.remove(connection);
      if (lane != null) {
        turns.remove(lane);
        endsInLanes -= (int) lane.frames.stream().filter(Frame.Ended.class::isInstance).count();
        end(lane);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Connections of which something waits. */
  Set<Long> waiting() {
    lock.lock();
    try {
      return Set.copyOf(lanes.keySet());
    } finally {
      lock.unlock();
    }
  }

  Item take() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (urgent.isEmpty() && (turns.isEmpty() || !window.isOpen())) {
        filled.await();
      }
      Item item = urgent.poll();
      return item != null ? item : new Item.Message(takeFromLane());
    } finally {
      lock.unlock();
    }
  }

  /** A ping is sent now, because it is time for one; notices lost answers. */
  void pinged(long nowNanos) {
    lock.lock();
    try {
      if (window.sentBytes() == sentAtLastPing) {
        window.idle();
      }
      sentAtLastPing = window.sentBytes();
      window.marked(nowNanos);
      filled.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Whether a ping should follow what was sent last; if so it counts as sent now. */
  boolean marks(long nowNanos) {
    lock.lock();
    try {
      boolean wanted = window.wantsMark();
      if (wanted) {
        window.marked(nowNanos);
      }
      return wanted;
    } finally {
      lock.unlock();
    }
  }

  /** A ping was answered: the peer has taken what was sent before. */
  Optional<Duration> ponged(long nowNanos) {
    lock.lock();
    try {
      Optional<Duration> took = window.answered(nowNanos);
      filled.signal();
      return took;
    } finally {
      lock.unlock();
    }
  }

  /** Drops what waits and wakes those who wait. */
  void close() {
    lock.lock();
    try {
      closed = true;
      lanes.values().forEach(lane -> lane.room.signalAll());
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private Frame takeFromLane() {
    Lane lane = turns.remove();
    Frame frame = lane.frames.remove();
    if (frame instanceof Frame.Data data) {
      lane.bytes -= data.payload().remaining();
      window.sent(data.payload().remaining());
      lane.room.signalAll();
    } else {
      endsInLanes--;
    }
    if (lane.frames.isEmpty()) {
      lanes.remove(lane.connection);
    } else {
      turns.add(lane);
    }
    return frame;
  }

  @GuardedBy("lock")
  private Lane newLane(long connection) {
    Lane lane = new Lane(connection);
    lanes.put(connection, lane);
    turns.add(lane);
    return lane;
  }

  /** Many lanes have a smaller share each; who waits has a frame queued, so its turn comes. */
  @GuardedBy("lock")
  private boolean isFull(Lane lane) {
    return lane.bytes > 0 && lane.bytes >= Math.min(MAX_LANE_BYTES, MAX_DATA_BYTES / lanes.size());
  }

  @GuardedBy("lock")
  private void end(Lane lane) {
    lane.ended = true;
    lane.room.signalAll();
  }

  /** For tests: what waits of a connection. */
  int waitingBytes(long connection) {
    lock.lock();
    try {
      Lane lane = lanes.get(connection);
      return lane == null ? 0 : lane.bytes;
    } finally {
      lock.unlock();
    }
  }
}
