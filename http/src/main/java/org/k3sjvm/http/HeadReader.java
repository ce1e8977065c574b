package org.k3sjvm.http;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The bytes of a connection with lines taken off the front: one buffer that lines, bodies and,
 * after an upgrade, the bare stream all read from, so that no byte is lost between them.
 */
final class HeadReader extends InputStream {
  private final InputStream source;
  private byte[] buffer = new byte[0];
  private int position;
  private int limit;
  private long deadlineNanos;
  private boolean limited;

  HeadReader(InputStream source) {
    this.source = source;
  }

  @Override
  public int read() throws IOException {
    return position < limit || fill() ? buffer[position++] & 0xff : -1;
  }

  @Override
  public int read(byte[] bytes, int offset, int count) throws IOException {
    if (count == 0) {
      return 0;
    }
    if (position == limit) {
      return source.read(bytes, offset, count);
    }
    int taken = Math.min(count, limit - position);
    System.arraycopy(buffer, position, bytes, offset, taken);
    position += taken;
    return taken;
  }

  @Override
  public int available() throws IOException {
    return limit - position + source.available();
  }

  /** Waits for the first byte of the next message; false when the connection ends instead. */
  boolean awaitByte() throws IOException {
    return position < limit || fill();
  }

  /** From now on the bytes have to come within a time, however they are spread; zero lifts it. */
  void within(Duration time) {
    limited = time.isPositive();
    deadlineNanos = System.nanoTime() + time.toNanos();
  }

  /** Gives the buffer back while the connection is idle. */
  void release() {
    if (position == limit) {
      buffer = new byte[0];
      position = 0;
      limit = 0;
    }
  }

  /** Start line and header fields. */
  record Head(String startLine, Headers headers) {}

  /**
   * Reads a head up to its empty line. Strict where laxness lets two parsers disagree: lines end in
   * CR LF, no folding, no space before a colon. Source: RFC 9112, sections 2.2, 5.1, 5.2.
   */
  Head readHead(int maxBytes) throws IOException {
    int left = maxBytes;
    String start = readLine(left);
    while (start.isEmpty() && left > 2) {
      left -= 2;
      start = readLine(left);
    }
    left -= start.length() + 2;
    return new Head(start, readFields(left));
  }

  /** Reads header fields, or trailers, up to the empty line. */
  Headers readFields(int maxBytes) throws IOException {
    int left = maxBytes;
    List<Headers.Entry> entries = new ArrayList<>();
    while (true) {
      String line = readLine(left);
      left -= line.length() + 2;
      if (line.isEmpty()) {
        return new Headers(entries);
      }
      int colon = line.indexOf(':');
      if (colon < 1) {
        throw new HttpFormatException(400, "malformed header line");
      }
      try {
        entries.add(new Headers.Entry(line.substring(0, colon), line.substring(colon + 1).strip()));
      } catch (IllegalArgumentException e) {
        throw new HttpFormatException(400, "malformed header: " + e.getMessage());
      }
    }
  }

  /** Reads a line without its CR LF. */
  String readLine(int maxBytes) throws IOException {
    byte[] text = new byte[128];
    int length = 0;
    while (true) {
      int b = read();
      if (b < 0) {
        throw new EOFException("the connection ended inside a message head");
      }
      if (b == '\n') {
        if (length == 0 || text[length - 1] != '\r') {
          throw new HttpFormatException(400, "a line ends without CR");
        }
        return new String(text, 0, length - 1, StandardCharsets.UTF_8);
      }
      if (length > 0 && text[length - 1] == '\r') {
        throw new HttpFormatException(400, "a CR inside a line");
      }
      if (length >= maxBytes) {
        throw new HttpFormatException(431, "the message head is longer than the limit");
      }
      if (length == text.length) {
        text = Arrays.copyOf(text, length * 2);
      }
      text[length++] = (byte) b;
    }
  }

  private boolean fill() throws IOException {
    if (buffer.length == 0) {
      buffer = new byte[2048];
    }
    if (limited && System.nanoTime() - deadlineNanos > 0) {
      throw new SocketTimeoutException("the message head takes too long");
    }
    int count = source.read(buffer, 0, buffer.length);
    position = 0;
    limit = Math.max(count, 0);
    return count > 0;
  }
}
