package org.k3sjvm.http;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** The body of a message on its way out, by kind of framing. Source: RFC 9112, section 6. */
abstract sealed class BodyOutput extends OutputStream {
  private static final int BUFFER_BYTES = 4096;

  private byte[] pending = new byte[0];
  private int length;
  private boolean closed;

  /** Whether the message ended as its framing promised, so that another may follow. */
  abstract boolean complete();

  abstract void emit(byte[] bytes, int offset, int count) throws IOException;

  abstract void end() throws IOException;

  abstract void flushTarget() throws IOException;

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int count) throws IOException {
    if (closed) {
      throw new IOException("the body is already closed");
    }
    if (length + count > BUFFER_BYTES) {
      drain();
    }
    if (count > BUFFER_BYTES) {
      emit(bytes, offset, count);
      return;
    }
    if (pending.length == 0) {
      pending = new byte[BUFFER_BYTES];
    }
    System.arraycopy(bytes, offset, pending, length, count);
    length += count;
  }

  @Override
  public void flush() throws IOException {
    drain();
    flushTarget();
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      drain();
      closed = true;
      end();
      flushTarget();
    }
  }

  private void drain() throws IOException {
    if (length > 0) {
      int count = length;
      length = 0;
      emit(pending, 0, count);
    }
  }

  /** Takes everything, sends nothing. */
  static final class None extends BodyOutput {
    @Override
    boolean complete() {
      return true;
    }

    @Override
    void emit(byte[] bytes, int offset, int count) {}

    @Override
    void end() {}

    @Override
    void flushTarget() {}
  }

  /** A body whose length was announced. */
  static final class Fixed extends BodyOutput {
    private final OutputStream target;
    private long left;

    Fixed(OutputStream target, long length) {
      this.target = target;
      this.left = length;
    }

    @Override
    boolean complete() {
      return left == 0;
    }

    @Override
    void emit(byte[] bytes, int offset, int count) throws IOException {
      if (count > left) {
        throw new IOException("the body is longer than its Content-Length");
      }
      left -= count;
      target.write(bytes, offset, count);
    }

    @Override
    void end() {}

    @Override
    void flushTarget() throws IOException {
      target.flush();
    }
  }

  /** A body that the end of the connection ends, for HTTP/1.0. */
  static final class UntilClose extends BodyOutput {
    private final OutputStream target;

    UntilClose(OutputStream target) {
      this.target = target;
    }

    @Override
    boolean complete() {
      return false;
    }

    @Override
    void emit(byte[] bytes, int offset, int count) throws IOException {
      target.write(bytes, offset, count);
    }

    @Override
    void end() {}

    @Override
    void flushTarget() throws IOException {
      target.flush();
    }
  }

  /** A body in chunks. */
  static final class Chunked extends BodyOutput {
    private static final byte[] LAST = {'0', '\r', '\n', '\r', '\n'};

    private final OutputStream target;
    private boolean ended;

    Chunked(OutputStream target) {
      this.target = target;
    }

    @Override
    boolean complete() {
      return ended;
    }

    @Override
    void emit(byte[] bytes, int offset, int count) throws IOException {
      byte[] size = (Integer.toHexString(count) + "\r\n").getBytes(StandardCharsets.US_ASCII);
      byte[] chunk = new byte[size.length + count + 2];
      System.arraycopy(size, 0, chunk, 0, size.length);
      System.arraycopy(bytes, offset, chunk, size.length, count);
      chunk[chunk.length - 2] = '\r';
      chunk[chunk.length - 1] = '\n';
      target.write(chunk);
    }

    @Override
    void end() throws IOException {
      target.write(LAST);
      ended = true;
    }

    @Override
    void flushTarget() throws IOException {
      target.flush();
    }
  }
}
