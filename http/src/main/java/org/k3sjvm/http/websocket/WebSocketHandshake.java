package org.k3sjvm.http.websocket;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.http.ClientRequest;
import org.k3sjvm.http.ClientResponse;
import org.k3sjvm.http.Duplex;
import org.k3sjvm.http.Headers;
import org.k3sjvm.http.HttpClientConnection;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;

/** The HTTP/1.1 upgrade that begins a WebSocket. Source: RFC 6455, section 4. */
public final class WebSocketHandshake {
  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3
  private static final SecureRandom KEYS = new SecureRandom();

  private WebSocketHandshake() {}

  /** Whether a request asks for a WebSocket. */
  public static boolean isAsked(Request request) {
    return request.method().equals("GET")
        && request.headers().hasToken("Connection", "upgrade")
        && request.headers().hasToken("Upgrade", "websocket");
  }

  /** The subprotocols that a client offers, its favourite first. */
  public static List<String> offered(Request request) {
    return request.headers().all("Sec-WebSocket-Protocol").stream()
        .flatMap(value -> List.of(value.split(",", -1)).stream())
        .map(String::strip)
        .filter(value -> !value.isEmpty())
        .toList();
  }

  /**
   * Answers with 101 and takes the connection over.
   *
   * @param subprotocol one of the offered, or empty for none
   * @throws WebSocketException when the request was no proper handshake; a 400 has then been sent
   */
  public static WebSocket accept(
      Request request, Response response, Optional<String> subprotocol, int maxMessageBytes)
      throws IOException {
    Optional<String> key = request.headers().first("Sec-WebSocket-Key");
    boolean version13 =
        request.headers().first("Sec-WebSocket-Version").filter("13"::equals).isPresent();
    if (!isAsked(request) || key.isEmpty() || !version13) {
      response.header("Sec-WebSocket-Version", "13");
      response.send(400, "text/plain; charset=utf-8", "a WebSocket of version 13 is needed\n");
      throw new WebSocketException(1002, "the client's handshake is not one");
    }
    response
        .status(101)
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Accept", acceptFor(key.get()));
    subprotocol.ifPresent(name -> response.header("Sec-WebSocket-Protocol", name));
    return WebSocket.server(response.hijack(), maxMessageBytes);
  }

  /**
   * Asks a server for a WebSocket over a connection that is already made.
   *
   * @param host the value of the Host header
   * @param extra headers besides those of the handshake
   * @throws RefusedException when the server answers something else than 101
   * @throws WebSocketException when the answer is not a proper handshake
   */
  public static WebSocket connect(
      Duplex connection, String host, String target, Headers extra, int maxMessageBytes)
      throws IOException {
    byte[] nonce = new byte[16];
    KEYS.nextBytes(nonce);
    String key = Base64.getEncoder().encodeToString(nonce);
    Headers headers =
        Headers.of(
            "Host", host,
            "Upgrade", "websocket",
            "Connection", "Upgrade",
            "Sec-WebSocket-Key", key,
            "Sec-WebSocket-Version", "13");
    for (Headers.Entry entry : extra.entries()) {
      headers = headers.with(entry.name(), entry.value());
    }
    // The connection is the caller's to close.
    @SuppressWarnings("resource")
    HttpClientConnection http = new HttpClientConnection(connection);
    ClientResponse response = http.send(new ClientRequest("GET", target, headers));
    if (!response.upgraded()) {
      String text = new String(response.body().readNBytes(1024), StandardCharsets.UTF_8).strip();
      throw new RefusedException(response.status(), text);
    }
    if (response.headers().first("Sec-WebSocket-Accept").filter(acceptFor(key)::equals).isEmpty()) {
      throw new WebSocketException(1002, "the server's handshake is not for us");
    }
    return WebSocket.client(http.streams(), maxMessageBytes);
  }

  /** The server answered, but not with a WebSocket. */
  public static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int status;

    RefusedException(int status, String text) {
      super("the server answered " + status + (text.isEmpty() ? "" : ": " + text));
      this.status = status;
    }

    /** The HTTP status. */
    public int status() {
      return status;
    }
  }

  static String acceptFor(String key) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-1")
              .digest((key + GUID).getBytes(StandardCharsets.US_ASCII));
      return Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }
}
