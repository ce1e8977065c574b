package org.k3sjvm.http;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The requests of one connection, one after the other, on the connection's virtual thread. */
final class ServerConnection {
  private static final Logger log = LoggerFactory.getLogger(ServerConnection.class);

  /** What is still read of a body that nobody wanted before the connection is closed instead. */
  private static final int SKIP_BYTES = 256 * 1024;

  private final Duplex connection;
  private final HeadReader reader;
  private final InetSocketAddress remote;
  private final Supplier<Optional<List<X509Certificate>>> client;
  private final HttpLimits limits;
  private final Handler handler;
  private volatile boolean idle = true;
  private volatile boolean stopping;
  private volatile @Nullable Response current;

  ServerConnection(
      Duplex connection,
      InetSocketAddress remote,
      Supplier<Optional<List<X509Certificate>>> client,
      HttpLimits limits,
      Handler handler) {
    this.connection = connection;
    this.reader = new HeadReader(connection.input());
    this.remote = remote;
    this.client = client;
    this.limits = limits;
    this.handler = handler;
  }

  /** Serves until the client goes, a limit is hit or the server stops; closes the connection. */
  void run() {
    try {
      while (!stopping && awaitRequest() && serveOne()) {
        reader.release();
      }
    } catch (SocketTimeoutException | EOFException e) {
      log.atTrace().addKeyValue("remote", remote).log("connection ended");
    } catch (IOException e) {
      log.atDebug().setCause(e).addKeyValue("remote", remote).log("connection broke");
    } finally {
      connection.close();
    }
  }

  /** Ends the connection now if no request is in work, else after it. */
  void stop() {
    stopping = true;
    if (idle) {
      connection.close();
    }
  }

  /** The client sends no more or is gone; called from the transport's thread. */
  void clientGone() {
    Response response = current;
    if (response != null) {
      response.clientIsGone();
    }
  }

  private boolean awaitRequest() throws IOException {
    idle = true;
    connection.readTimeout(limits.idle());
    boolean more = reader.awaitByte();
    idle = false;
    return more && !stopping;
  }

  private boolean serveOne() throws IOException {
    Response early = new Response(connection, "GET", false, false);
    Request request;
    RequestBody body;
    Response response;
    try {
      HeadReader.Head head = readHead();
      String[] parts = head.startLine().split(" ", -1);
      if (parts.length != 3 || !parts[0].matches("[A-Z]{1,20}")) {
        throw new HttpFormatException(400, "malformed request line");
      }
      if (!parts[2].matches("HTTP/1\\.[01]")) {
        throw new HttpFormatException(505, "only HTTP/1.1 is spoken here");
      }
      boolean http10 = parts[2].equals("HTTP/1.0");
      Headers headers = head.headers();
      if (http10 ? headers.has("Transfer-Encoding") : headers.all("Host").size() != 1) {
        throw new HttpFormatException(400, "missing, repeated or unfitting header");
      }
      RequestTarget target = parseTarget(parts[1]);
      BodyInput framed = BodyInput.of(headers, reader, new BodyInput.None());
      body =
          new RequestBody(
              framed,
              connection,
              limits.bodyBytes(),
              !http10 && headers.hasToken("Expect", "100-continue"));
      boolean keepAlive =
          http10
              ? headers.hasToken("Connection", "keep-alive")
              : !headers.hasToken("Connection", "close");
      response = new Response(new Unread(), parts[0], http10, keepAlive);
      request = new Request(parts[0], target, headers, client.get(), remote, body);
    } catch (HttpFormatException e) {
      refuse(early, e);
      return false;
    }
    connection.readTimeout(limits.read());
    current = response;
    try {
      return handle(request, response, body) && body.skipRest(SKIP_BYTES);
    } finally {
      current = null;
    }
  }

  private static RequestTarget parseTarget(String raw) throws HttpFormatException {
    try {
      return RequestTarget.parse(raw);
    } catch (IllegalArgumentException e) {
      throw new HttpFormatException(400, "malformed request target");
    }
  }

  private HeadReader.Head readHead() throws IOException {
    connection.readTimeout(limits.head());
    reader.within(limits.head());
    HeadReader.Head head = reader.readHead(limits.headBytes());
    reader.within(Duration.ZERO);
    return head;
  }

  private boolean handle(Request request, Response response, RequestBody body) throws IOException {
    try {
      handler.handle(request, response);
      if (stopping) {
        response.closeAfterwards();
      }
      return response.finish();
    } catch (BodyTooLargeException e) {
      return fail(request, response, body, 413, e);
    } catch (HttpFormatException e) {
      return fail(request, response, body, e.status(), e);
    } catch (InterruptedException | InterruptedIOException e) {
      // The server stops, or the handler had itself interrupted when its client went.
      Thread.interrupted();
      throw new EOFException("interrupted");
    } catch (RuntimeException e) {
      log.atError()
          .setCause(e)
          .addKeyValue("method", request.method())
          .addKeyValue("path", request.path())
          .log("request failed");
      return fail(request, response, body, 500, e);
    }
  }

  private boolean fail(
      Request request, Response response, RequestBody body, int status, Exception cause)
      throws IOException {
    if (response.committed()) {
      throw new IOException("cannot complete the answer to " + request.path(), cause);
    }
    response.reset();
    response.closeAfterwards();
    response.send(status, "text/plain; charset=utf-8", StatusText.of(status) + "\n");
    return linger(body);
  }

  private void refuse(Response response, HttpFormatException e) throws IOException {
    log.atDebug()
        .addKeyValue("remote", remote)
        .addKeyValue("reason", e.getMessage())
        .log("refused");
    response.send(e.status(), "text/plain; charset=utf-8", e.getMessage() + "\n");
  }

  /** Lets a client that still writes read our answer instead of a reset. */
  private boolean linger(RequestBody body) throws IOException {
    connection.readTimeout(Duration.ofSeconds(2));
    var _ = body.skipRest(SKIP_BYTES);
    return false;
  }

  /** The connection as the handler sees it: what the head reader has buffered comes first. */
  private final class Unread implements Duplex {
    @Override
    public InputStream input() {
      return reader;
    }

    @Override
    public OutputStream output() {
      return connection.output();
    }

    @Override
    public void readTimeout(Duration limit) throws IOException {
      connection.readTimeout(limit);
    }

    @Override
    public void closeOutput() throws IOException {
      connection.closeOutput();
    }

    @Override
    public void close() {
      connection.close();
    }
  }
}
