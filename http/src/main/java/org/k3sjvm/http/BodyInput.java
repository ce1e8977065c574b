package org.k3sjvm.http;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/** The body of a message on its way in, by kind of framing. Source: RFC 9112, sections 6 and 7. */
abstract sealed class BodyInput extends InputStream {
  private static final int TRAILER_BYTES = 8192;

  /** Whether the body was read to its end, so that the next message follows. */
  abstract boolean finished();

  @Override
  public abstract int read(byte[] bytes, int offset, int count) throws IOException;

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  /** How a body is framed, decided from the headers. */
  static BodyInput of(Headers headers, HeadReader source, BodyInput unframed) throws IOException {
    boolean chunked = headers.has("Transfer-Encoding");
    if (chunked && headers.has("Content-Length")) {
      throw new HttpFormatException(400, "both Transfer-Encoding and Content-Length");
    }
    if (chunked) {
      if (headers.all("Transfer-Encoding").size() != 1
          || !headers.first("Transfer-Encoding").orElse("").equalsIgnoreCase("chunked")) {
        throw new HttpFormatException(501, "a transfer coding other than chunked");
      }
      return new Chunked(source);
    }
    if (!headers.has("Content-Length")) {
      return unframed;
    }
    if (headers.all("Content-Length").stream().distinct().count() != 1) {
      throw new HttpFormatException(400, "several Content-Length headers");
    }
    String text = headers.first("Content-Length").orElse("");
    if (!text.matches("[0-9]{1,18}")) {
      throw new HttpFormatException(400, "malformed Content-Length");
    }
    return new Fixed(source, Long.parseLong(text));
  }

  /** A body of known length. */
  static final class Fixed extends BodyInput {
    private final InputStream source;
    private long left;

    Fixed(InputStream source, long length) {
      this.source = source;
      this.left = length;
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
      if (left == 0) {
        return -1;
      }
      int n = source.read(bytes, offset, (int) Math.min(count, left));
      if (n < 0) {
        throw new EOFException("the connection ended inside a body");
      }
      left -= n;
      return n;
    }

    @Override
    boolean finished() {
      return left == 0;
    }
  }

  /** A body in chunks. */
  static final class Chunked extends BodyInput {
    private final HeadReader source;
    private long left;
    private boolean first = true;
    private boolean ended;

    Chunked(HeadReader source) {
      this.source = source;
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
      if (count == 0) {
        return 0;
      }
      if (left == 0 && !ended) {
        nextChunk();
      }
      if (ended) {
        return -1;
      }
      int n = source.read(bytes, offset, (int) Math.min(count, left));
      if (n < 0) {
        throw new EOFException("the connection ended inside a chunk");
      }
      left -= n;
      return n;
    }

    private void nextChunk() throws IOException {
      if (!first && !source.readLine(2).isEmpty()) {
        throw new HttpFormatException(400, "a chunk is longer than it says");
      }
      first = false;
      String line = source.readLine(1024);
      int extension = line.indexOf(';');
      String size = (extension < 0 ? line : line.substring(0, extension)).strip();
      if (!size.matches("[0-9A-Fa-f]{1,15}")) {
        throw new HttpFormatException(400, "malformed chunk size");
      }
      left = Long.parseLong(size, 16);
      if (left == 0) {
        var _ = source.readFields(TRAILER_BYTES);
        ended = true;
      }
    }

    @Override
    boolean finished() {
      return ended;
    }
  }

  /** No body. */
  static final class None extends BodyInput {
    @Override
    public int read(byte[] bytes, int offset, int count) {
      return count == 0 ? 0 : -1;
    }

    @Override
    boolean finished() {
      return true;
    }
  }

  /** A response's body that the end of the connection ends. */
  static final class UntilClose extends BodyInput {
    private final InputStream source;

    UntilClose(InputStream source) {
      this.source = source;
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
      return source.read(bytes, offset, count);
    }

    @Override
    boolean finished() {
      return false;
    }
  }
}
