package org.k3sjvm.kubelet.handler;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/**
 * Reads one answer of an HTTP/1 server, as forgiving as Go's client is: scripts behind {@code nc}
 * are probed too. Source: RFC 9112, and Go's net/http and net/textproto.
 */
final class ResponseReader {
  /** Source: Go's net/http, Transport.MaxResponseHeaderBytes. */
  private static final int HEAD_BYTES = 10 << 20;

  /** Longer lines than any that matters here; what is beyond is skipped. */
  private static final int LINE_BYTES = 8 << 10;

  /** Source: Kubernetes v1.36 pkg/probe/http/http.go, maxRespBodyLength. */
  private static final int BODY_BYTES = 10 << 10;

  /** Source: Go's net/http, max1xxResponses. */
  private static final int INTERIM = 5;

  private final InputStream source;
  private final byte[] buffer = new byte[1024];
  private final StringBuilder line = new StringBuilder(64);
  private int position;
  private int limit;
  private int headBytes;
  private Optional<String> location = Optional.empty();
  private long length = -1;
  private boolean chunked;

  ResponseReader(InputStream source) {
    this.source = source;
  }

  /**
   * The answer, once its body has come or was long enough.
   *
   * @throws HttpException of stage BODY when only the body broke off
   */
  HttpAnswer read() throws IOException {
    int status = head();
    for (int i = 0; status < 200 && status != 101; i++) {
      if (i == INTERIM) {
        throw new IOException("net/http: too many 1xx informational responses");
      }
      status = head();
    }
    boolean elsewhere = status >= 300 && status < 400;
    try {
      byte[] body = status == 101 || status == 204 || status == 304 ? new byte[0] : body(elsewhere);
      return new HttpAnswer(status, location, new String(body, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new HttpException(HttpException.Stage.BODY, Texts.body(e), e);
    }
  }

  private int head() throws IOException {
    headBytes = 0;
    location = Optional.empty();
    length = -1;
    chunked = false;
    if (position == limit && !fill()) {
      throw new EOFException("EOF");
    }
    String first = line();
    int status = status(first);
    boolean old = first.startsWith("HTTP/1.0");
    for (String field = line(); !field.isEmpty(); field = line()) {
      int colon = field.indexOf(':');
      if (colon < 0) {
        if (field.charAt(0) == ' ' || field.charAt(0) == '\t') {
          continue; // goes on from the line before
        }
        throw broken("malformed MIME header: missing colon: " + quoted(field));
      }
      take(
          field.substring(0, colon).toLowerCase(Locale.ROOT),
          field.substring(colon + 1).strip(),
          old);
    }
    return status;
  }

  private static int status(String first) throws IOException {
    int gap = first.indexOf(' ');
    if (gap < 0) {
      throw broken("malformed HTTP response " + quoted(first));
    }
    boolean version =
        gap == 8
            && first.startsWith("HTTP/")
            && Character.isDigit(first.charAt(5))
            && first.charAt(6) == '.'
            && Character.isDigit(first.charAt(7));
    if (!version) {
      throw broken("malformed HTTP version " + quoted(first.substring(0, gap)));
    }
    String rest = first.substring(gap).strip();
    int end = rest.indexOf(' ');
    String code = end < 0 ? rest : rest.substring(0, end);
    if (code.length() != 3 || !code.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw broken("malformed HTTP status code " + quoted(code));
    }
    return Integer.parseInt(code);
  }

  private void take(String name, String value, boolean old) throws IOException {
    switch (name) {
      case "location" -> location = Optional.of(value).filter(v -> !v.isEmpty());
      case "transfer-encoding" -> {
        if (!old && !value.equalsIgnoreCase("chunked")) {
          throw broken("unsupported transfer encoding: " + quoted(value));
        }
        chunked = !old;
      }
      case "content-length" -> {
        if (!value.matches("[0-9]{1,18}")) {
          throw broken("bad Content-Length " + quoted(value));
        }
        length = Long.parseLong(value);
      }
      default -> {}
    }
  }

  private byte[] body(boolean keep) throws IOException {
    ByteArrayOutputStream kept = new ByteArrayOutputStream(0);
    long left = BODY_BYTES;
    if (chunked) {
      headBytes = 0;
      for (long chunk = chunkBytes(); chunk > 0 && left > 0; chunk = left > 0 ? chunkBytes() : 0) {
        long count = Math.min(chunk, left);
        skip(count, keep, kept);
        left -= count;
        if (left > 0 && !line().isEmpty()) {
          throw new IOException("malformed chunked encoding");
        }
      }
    } else if (length >= 0) {
      skip(Math.min(length, left), keep, kept);
    } else {
      while (left > 0 && (position < limit || fill())) {
        int count = (int) Math.min(left, limit - position);
        kept.write(buffer, position, keep ? count : 0);
        position += count;
        left -= count;
      }
    }
    return kept.toByteArray();
  }

  private long chunkBytes() throws IOException {
    String text = line();
    int end = text.indexOf(';');
    String digits = (end < 0 ? text : text.substring(0, end)).strip();
    if (!digits.matches("[0-9a-fA-F]{1,15}")) {
      throw new IOException("invalid byte in chunk length");
    }
    return Long.parseLong(digits, 16);
  }

  private void skip(long bytes, boolean keep, ByteArrayOutputStream kept) throws IOException {
    long left = bytes;
    while (left > 0) {
      if (position == limit && !fill()) {
        throw new EOFException("unexpected EOF");
      }
      int count = (int) Math.min(left, limit - position);
      kept.write(buffer, position, keep ? count : 0);
      position += count;
      left -= count;
    }
  }

  /** A line without its end, which may lack the CR. */
  private String line() throws IOException {
    line.setLength(0);
    while (true) {
      if (position == limit && !fill()) {
        throw new EOFException("unexpected EOF");
      }
      if (++headBytes > HEAD_BYTES) {
        throw new IOException(
            "net/http: server response headers exceeded " + HEAD_BYTES + " bytes; aborted");
      }
      char c = (char) (buffer[position++] & 0xff);
      if (c == '\n') {
        int end = line.length();
        return end > 0 && line.charAt(end - 1) == '\r'
            ? line.substring(0, end - 1)
            : line.toString();
      }
      if (line.length() < LINE_BYTES) {
        line.append(c);
      }
    }
  }

  private boolean fill() throws IOException {
    int count = source.read(buffer, 0, buffer.length);
    position = 0;
    limit = Math.max(0, count);
    return count > 0;
  }

  private static IOException broken(String what) {
    return new IOException("net/http: HTTP/1.x transport connection broken: " + what);
  }

  private static String quoted(String text) {
    String start = text.length() > 200 ? text.substring(0, 200) : text;
    return "\"" + start.replaceAll("[^ -~]", "?") + "\"";
  }
}
