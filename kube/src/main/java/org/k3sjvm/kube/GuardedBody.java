package org.k3sjvm.kube;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** The body of an answer, with a limit on its bytes and a time after which it is cut. */
final class GuardedBody extends InputStream {
  private final InputStream source;
  private final GuardedBodies registry;
  private long bytesLeft;
  private volatile long deadlineNanos;
  private volatile String cutBecause = "";

  GuardedBody(InputStream source, GuardedBodies registry, long bytesLeft, Duration within) {
    this.source = source;
    this.registry = registry;
    this.bytesLeft = bytesLeft;
    extend(within);
  }

  /** Allows that many bytes from here. */
  void allow(long bytes) {
    bytesLeft = bytes;
  }

  /** Allows that much time from now. */
  void extend(Duration time) {
    deadlineNanos = System.nanoTime() + time.toNanos();
  }

  boolean isOverdue(long nowNanos) {
    return nowNanos - deadlineNanos > 0;
  }

  /** Makes the reader fail with this reason. */
  void cut(String reason) {
    cutBecause = reason;
    close();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (bytesLeft <= 0) {
      throw new IOException("the answer is larger than this client takes");
    }
    int count;
    try {
      count = source.read(buffer, offset, length);
    } catch (IOException e) {
      if (cutBecause.isEmpty()) {
        throw e;
      }
      throw new IOException(cutBecause, e);
    }
    bytesLeft -= count;
    return count;
  }

  @Override
  public void close() {
    registry.remove(this);
    try {
      source.close();
    } catch (IOException e) {
      // nothing more is read from it, so nothing is lost
    }
  }
}
