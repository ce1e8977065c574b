package org.k3sjvm.http;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * The answer to one request. Status and headers first, then one of {@link #send}, {@link #body} or
 * {@link #hijack}. For one thread at a time.
 */
public final class Response {
  /** IMF-fixdate of RFC 9110, section 5.6.7. */
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private final Duplex connection;
  private final boolean toHead;
  private final boolean http10;
  private boolean keepAlive;
  private int status = 200;
  private Headers headers = Headers.EMPTY;
  private boolean committed;
  private boolean hijacked;
  private Runnable clientGone = () -> {};
  private BodyOutput body = new BodyOutput.None();

  Response(Duplex connection, String method, boolean http10, boolean keepAlive) {
    this.connection = connection;
    this.toHead = method.equals("HEAD");
    this.http10 = http10;
    this.keepAlive = keepAlive;
  }

  /** An answer written to any connection, for tests of handlers. */
  public static Response over(Duplex connection, String method) {
    return new Response(connection, method, false, false);
  }

  /** Sets the status; 200 when never called. */
  public Response status(int code) {
    requireOpen();
    if (code < 100 || code > 999) {
      throw new IllegalArgumentException("not a status: " + code);
    }
    status = code;
    return this;
  }

  /** Sets a header, replacing others of the name. */
  public Response header(String name, String value) {
    requireOpen();
    headers = headers.without(name).with(name, value);
    return this;
  }

  /** Adds a header beside others of the name. */
  public Response addHeader(String name, String value) {
    requireOpen();
    headers = headers.with(name, value);
    return this;
  }

  public int status() {
    return status;
  }

  /** Whether the head is on its way, so that status and headers can no longer change. */
  public boolean committed() {
    return committed;
  }

  /**
   * What to do, once, when the client goes away while the handler still works; runs on a thread
   * that must not be blocked. A handler that waits for something else than the client passes {@code
   * Thread.currentThread()::interrupt}.
   */
  public void onClientGone(Runnable action) {
    clientGone = action;
  }

  /** Sends the head and a whole body. */
  public void send(byte[] content) throws IOException {
    header("Content-Length", Integer.toString(content.length));
    OutputStream out = body();
    out.write(content);
    out.close();
  }

  /** Sends the head and a whole body of UTF-8 text. */
  public void send(int code, String contentType, String text) throws IOException {
    status(code).header("Content-Type", contentType);
    send(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Sends the head at once and returns the stream for the body: of the length that the header
   * {@code Content-Length} says, else chunked. Small writes gather until {@code flush}; {@code
   * close} ends the body. Nothing of it goes out when the answer has no body (HEAD, 204, 304).
   */
  public OutputStream body() throws IOException {
    requireOpen();
    boolean bodiless = status == 204 || status == 304 || status < 200;
    if (bodiless) {
      headers = headers.without("Content-Length");
      body = new BodyOutput.None();
    } else if (headers.first("Content-Length").isPresent()) {
      body =
          toHead
              ? new BodyOutput.None()
              : new BodyOutput.Fixed(
                  connection.output(), Long.parseLong(headers.first("Content-Length").get()));
    } else if (http10) {
      keepAlive = false;
      body = toHead ? new BodyOutput.None() : new BodyOutput.UntilClose(connection.output());
    } else {
      headers = headers.without("Transfer-Encoding").with("Transfer-Encoding", "chunked");
      body = toHead ? new BodyOutput.None() : new BodyOutput.Chunked(connection.output());
    }
    if (headers.hasToken("Connection", "close")) {
      keepAlive = false;
    } else if (!keepAlive) {
      headers = headers.without("Connection").with("Connection", "close");
    } else if (http10) {
      headers = headers.without("Connection").with("Connection", "keep-alive");
    }
    writeHead();
    return body;
  }

  /**
   * Sends the head as it is and hands out the bare connection, for an upgrade (status 101) or a
   * CONNECT. The handler owns it until it returns; then it is closed.
   */
  public Duplex hijack() throws IOException {
    requireOpen();
    hijacked = true;
    keepAlive = false;
    writeHead();
    connection.readTimeout(Duration.ZERO);
    return connection;
  }

  /** Completes what the handler left open; says whether another request may follow. */
  boolean finish() throws IOException {
    if (hijacked) {
      return false;
    }
    if (!committed) {
      if (status >= 200 && status != 204 && status != 304) {
        header("Content-Length", "0");
      }
      var _ = body();
    }
    body.close();
    return keepAlive && body.complete();
  }

  void closeAfterwards() {
    keepAlive = false;
  }

  void clientIsGone() {
    clientGone.run();
  }

  /** Back to nothing, to say something else instead. */
  void reset() {
    requireOpen();
    status = 200;
    headers = Headers.EMPTY;
  }

  private void writeHead() throws IOException {
    committed = true;
    StringBuilder head = new StringBuilder(256);
    head.append("HTTP/1.1 ").append(status).append(' ').append(StatusText.of(status));
    head.append("\r\n");
    for (Headers.Entry entry : headers.entries()) {
      head.append(entry.name()).append(": ").append(entry.value()).append("\r\n");
    }
    if (status >= 200 && !headers.has("Date")) {
      head.append("Date: ").append(DATE.format(Instant.now())).append("\r\n");
    }
    head.append("\r\n");
    connection.output().write(head.toString().getBytes(StandardCharsets.UTF_8));
    connection.output().flush();
  }

  private void requireOpen() {
    if (committed) {
      throw new IllegalStateException("the head of the answer is already sent");
    }
  }
}
