package org.k3sjvm.tunnel;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * How many bytes may be on their way to a peer: as many as it takes in about the time of a
 * keystroke. More than that would wait in buffers of the kernels and of the peer, megabytes of
 * them, where no scheduling of ours reaches, and a keystroke would wait behind them.
 *
 * <p>Bytes are known to have been taken when a ping sent after them is answered; the peer reads
 * both in order. An answer that is late by more than {@link #LATE} shrinks the window; one in time
 * widens it if it was the window that held the writer up. Not thread-safe; no clock of its own.
 */
final class SendWindow {
  static final Duration LATE = Duration.ofMillis(20);
  static final int MIN_BYTES = 64 * 1024;
  static final int FIRST_BYTES = 256 * 1024;

  /** Enough for 1 Gbit/s over 64 ms. */
  static final int MAX_BYTES = 8 * 1024 * 1024;

  private static final int MARKS_PER_WINDOW = 4;

  /** With four answers a round trip about an eighth of the window in each. */
  private static final int WIDENED_BY = 32;

  private static final int MAX_MARKS = 2 * MARKS_PER_WINDOW;

  /** A path may become longer: what was the shortest time counts for one to two of these. */
  private static final long SHORTEST_COUNTS_NANOS = Duration.ofMinutes(5).toNanos();

  private record Mark(long bytes, long nanos) {}

  private final Deque<Mark> marks = new ArrayDeque<>();
  private int window = FIRST_BYTES;
  private long sent;
  private long taken;
  private long marked;
  private long shrunkAt;
  private boolean heldUp;
  private long shortest = Long.MAX_VALUE;
  private long shortestBefore = Long.MAX_VALUE;
  private long shortestSince;

  int bytes() {
    return window;
  }

  /** Whether more may be sent; asked before each frame. */
  boolean isOpen() {
    boolean open = sent - taken < window;
    heldUp |= !open;
    return open;
  }

  void sent(int bytes) {
    sent += bytes;
  }

  /** Whether it is time for a ping, to learn what has been taken. */
  boolean wantsMark() {
    return sent - marked >= window / MARKS_PER_WINDOW && marks.size() < MAX_MARKS;
  }

  /** A ping is sent now, behind all bytes before. */
  void marked(long nowNanos) {
    marked = sent;
    marks.add(new Mark(sent, nowNanos));
  }

  /** Nothing was sent for long: answers that have not come are lost and wait for no one. */
  void idle() {
    marks.clear();
    taken = sent;
  }

  long sentBytes() {
    return sent;
  }

  /**
   * A ping was answered; answers come in the order of the pings.
   *
   * @return how long that took; empty when no ping was waiting
   */
  Optional<Duration> answered(long nowNanos) {
    Mark mark = marks.poll();
    if (mark == null) {
      return Optional.empty();
    }
    taken = mark.bytes();
    long took = Math.max(1, nowNanos - mark.nanos());
    learn(took, nowNanos);
    if (took - Math.min(shortest, shortestBefore) > LATE.toNanos()) {
      if (mark.bytes() > shrunkAt) {
        window = Math.max(MIN_BYTES, window / 4 * 3);
        shrunkAt = sent; // once for what is on its way
      }
    } else if (heldUp) {
      window = Math.min(MAX_BYTES, window + window / WIDENED_BY);
    }
    heldUp = false;
    return Optional.of(Duration.ofNanos(took));
  }

  private void learn(long took, long nowNanos) {
    if (shortest == Long.MAX_VALUE) {
      shortestSince = nowNanos;
    } else if (nowNanos - shortestSince > SHORTEST_COUNTS_NANOS) {
      shortestBefore = shortest;
      shortest = Long.MAX_VALUE;
      shortestSince = nowNanos;
    }
    shortest = Math.min(shortest, took);
  }
}
