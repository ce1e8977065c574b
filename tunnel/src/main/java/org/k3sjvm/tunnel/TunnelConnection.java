package org.k3sjvm.tunnel;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One connection inside a session, as blocking streams. What comes in is buffered, with a pause
 * asked of the peer above one mark and a resume below another; what goes out waits while the peer
 * has paused us. The two directions have a flag each: one flag for both would stop our own writing
 * whenever we ask the peer to pause.
 */
final class TunnelConnection {
  /** Far below the reference's 2 MiB: a peer may have pauses in flight for dozens of them. */
  private static final int PAUSE_ABOVE_BYTES = 512 * 1024;

  private static final int RESUME_BELOW_BYTES = 128 * 1024;

  /** What a peer that knows no pause may fill before the session stops reading. */
  private static final int HARD_LIMIT_BYTES = 4 * 1024 * 1024;

  /** With its headers a frame fits one TLS record. */
  static final int FRAME_BYTES = 16 * 1024 - 128;

  /** What the session does for its connections. */
  interface Peer {
    void send(Frame.Data data) throws IOException, InterruptedException;

    void control(Frame frame);

    /** Forgets the connection; false when it was already forgotten. */
    boolean forget(long connection);
  }

  private final long id;
  private final long sinceNanos = System.nanoTime();
  private final Peer peer;
  private final InputStream input = new Input();
  private final OutputStream output = new Output();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Deque<ByteBuffer> received = new ArrayDeque<>();

  @GuardedBy("lock")
  private int receivedBytes;

  @GuardedBy("lock")
  private boolean peerPausedByUs;

  @GuardedBy("lock")
  private boolean pausedByPeer;

  /** Why no more comes or goes: {@code EOF} or an error text. */
  @GuardedBy("lock")
  private @Nullable String ended;

  private volatile long readLimitNanos;

  TunnelConnection(long id, Peer peer) {
    this.id = id;
    this.peer = peer;
  }

  long id() {
    return id;
  }

  /** When it was made, by {@link System#nanoTime}. */
  long sinceNanos() {
    return sinceNanos;
  }

  InputStream input() {
    return input;
  }

  OutputStream output() {
    return output;
  }

  void readTimeout(Duration limit) {
    readLimitNanos = limit.toNanos();
  }

  /** Ends both directions and tells the peer; later calls change nothing. */
  void close(String text) {
    if (end(text) && peer.forget(id)) {
      peer.control(new Frame.Ended(id, text));
    }
  }

  /**
   * Takes bytes that the peer sent.
   *
   * @param patience how long to wait when a peer has filled everything in spite of the pause
   * @return false when that was in vain and the connection has to go
   */
  boolean receive(ByteBuffer payload, Duration patience) throws InterruptedException {
    boolean pause = false;
    lock.lockInterruptibly();
    try {
      long left = patience.toNanos();
      while (receivedBytes >= HARD_LIMIT_BYTES && ended == null) {
        if (left <= 0) {
          return false;
        }
        left = changed.awaitNanos(left);
      }
      if (ended != null || !payload.hasRemaining()) {
        return true;
      }
      received.add(payload);
      receivedBytes += payload.remaining();
      if (receivedBytes > PAUSE_ABOVE_BYTES && !peerPausedByUs) {
        peerPausedByUs = true;
        pause = true;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (pause) {
      peer.control(new Frame.Pause(id));
    }
    return true;
  }

  void pausedByPeer(boolean paused) {
    lock.lock();
    try {
      pausedByPeer = paused;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The peer or the session ended it: what was received can still be read. */
  void endedByPeer(String text) {
    var _ = end(text);
  }

  /** Bytes that wait to be read. */
  int bufferedBytes() {
    lock.lock();
    try {
      return receivedBytes;
    } finally {
      lock.unlock();
    }
  }

  /** Drops what nobody will read any more. */
  void discardInput() {
    lock.lock();
    try {
      received.clear();
      receivedBytes = 0;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private boolean end(String text) {
    lock.lock();
    try {
      if (ended != null) {
        return false;
      }
      ended = text;
      changed.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  private int take(byte[] bytes, int offset, int count) throws IOException {
    boolean resume;
    int taken;
    lock.lock();
    try {
      ByteBuffer first = awaitInput();
      if (first == null) {
        String why = ended;
        if (why == null || why.equals("EOF")) {
          return -1;
        }
        throw new IOException(why);
      }
      taken = Math.min(count, first.remaining());
      first.get(bytes, offset, taken);
      if (!first.hasRemaining()) {
        received.remove();
      }
      receivedBytes -= taken;
      changed.signalAll();
      resume = peerPausedByUs && receivedBytes < RESUME_BELOW_BYTES;
      if (resume) {
        peerPausedByUs = false;
      }
      resume &= ended == null;
    } finally {
      lock.unlock();
    }
    if (resume) {
      peer.control(new Frame.Resume(id));
    }
    return taken;
  }

  @GuardedBy("lock")
  private @Nullable ByteBuffer awaitInput() throws IOException {
    long limit = readLimitNanos;
    long left = limit;
    try {
      while (received.isEmpty() && ended == null) {
        if (limit == 0) {
          changed.await();
        } else if (left <= 0) {
          throw new SocketTimeoutException(
              "nothing came through the tunnel in " + TimeUnit.NANOSECONDS.toMillis(limit) + " ms");
        } else {
          left = changed.awaitNanos(left);
        }
      }
    } catch (InterruptedException e) {
      throw interrupted();
    }
    return received.peek();
  }

  private void awaitPermission() throws IOException {
    lock.lock();
    try {
      while (pausedByPeer && ended == null) {
        changed.await();
      }
      if (ended != null) {
        throw new IOException("the tunnel connection is over: " + ended);
      }
    } catch (InterruptedException e) {
      throw interrupted();
    } finally {
      lock.unlock();
    }
  }

  private static InterruptedIOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("interrupted");
  }

  private final class Input extends InputStream {
    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return take(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
      return count == 0 ? 0 : take(bytes, offset, count);
    }

    @Override
    public int available() {
      return bufferedBytes();
    }
  }

  private final class Output extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
      int from = offset;
      int end = offset + count;
      while (from < end) {
        awaitPermission();
        int size = Math.min(FRAME_BYTES, end - from);
        ByteBuffer part = ByteBuffer.allocate(size).put(bytes, from, size).flip();
        try {
          peer.send(new Frame.Data(id, Session.DEADLINE_MILLIS, part));
        } catch (InterruptedException e) {
          throw interrupted();
        }
        from += size;
      }
    }
  }
}
