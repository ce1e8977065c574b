package org.k3sjvm.http;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * HTTP/1.1 as a client over a connection that somebody else made: a socket, TLS, a tunnel. One
 * request at a time; the next may follow when the body of the answer was read to its end. After a
 * 101 {@link #streams} are the other protocol's. Redirects are not followed. Not thread-safe.
 */
public final class HttpClientConnection implements AutoCloseable {
  private static final int HEAD_BYTES = 64 * 1024;

  private final Duplex connection;
  private final HeadReader reader;

  public HttpClientConnection(Duplex connection) {
    this.connection = connection;
    this.reader = new HeadReader(connection.input());
  }

  /**
   * Over a connected socket.
   *
   * @throws IOException when it is not connected
   */
  public static HttpClientConnection over(Socket socket) throws IOException {
    return new HttpClientConnection(new SocketDuplex(socket));
  }

  /** Sends a request without a body; see {@link #send(ClientRequest, byte[])}. */
  public ClientResponse send(ClientRequest request) throws IOException {
    return send(request, new byte[0]);
  }

  /**
   * Sends a request with a body, which may be empty, and waits for the head of the answer.
   *
   * @throws HttpFormatException when the answer is not HTTP/1.1
   * @throws IOException when the connection breaks or its read timeout passes
   */
  public ClientResponse send(ClientRequest request, byte[] body) throws IOException {
    connection.output().write(head(request, body.length));
    if (body.length > 0) {
      connection.output().write(body);
    }
    connection.output().flush();
    while (true) {
      ClientResponse response = readResponse(request.method());
      if (response.status() >= 200 || response.status() == 101) {
        return response;
      }
    }
  }

  /** The bare connection, beginning with the first byte behind the answer's head. */
  public Duplex streams() {
    return new Rest();
  }

  @Override
  public void close() {
    connection.close();
  }

  private static byte[] head(ClientRequest request, int bodyBytes) {
    StringBuilder head = new StringBuilder(256);
    head.append(request.method()).append(' ').append(request.target()).append(" HTTP/1.1\r\n");
    for (Headers.Entry entry : request.headers().entries()) {
      head.append(entry.name()).append(": ").append(entry.value()).append("\r\n");
    }
    boolean hasBody = bodyBytes > 0 || request.method().matches("POST|PUT|PATCH");
    if (hasBody && !request.headers().has("Content-Length")) {
      head.append("Content-Length: ").append(bodyBytes).append("\r\n");
    }
    return head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8);
  }

  private ClientResponse readResponse(String method) throws IOException {
    if (!reader.awaitByte()) {
      throw new EOFException("the server closed the connection without an answer");
    }
    HeadReader.Head head = reader.readHead(HEAD_BYTES);
    String line = head.startLine();
    if (!line.matches("HTTP/1\\.[01] [1-9][0-9]{2}( .*)?")) {
      throw new HttpFormatException(400, "the answer is not HTTP/1.1: " + line);
    }
    int status = Integer.parseInt(line.substring(9, 12));
    boolean bodiless = method.equals("HEAD") || status < 200 || status == 204 || status == 304;
    InputStream body =
        bodiless
            ? new BodyInput.None()
            : BodyInput.of(head.headers(), reader, new BodyInput.UntilClose(reader));
    return new ClientResponse(
        status, line.length() > 13 ? line.substring(13) : "", head.headers(), body);
  }

  private final class Rest implements Duplex {
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
