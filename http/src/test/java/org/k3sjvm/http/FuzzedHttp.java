package org.k3sjvm.http;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.testing.fuzz.FuzzTarget;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.http.websocket.WebSocket;
import org.k3sjvm.http.websocket.WebSocketHandshake;
import org.k3sjvm.http.websocket.WebSocketMessage;

/** What clients ask and what servers answer, and what is said after an upgrade. */
@SuppressWarnings("StringConcatToTextBlock") // lines end in CR LF
public final class FuzzedHttp implements FuzzTargets {
  private static final int MESSAGE_BYTES = 16 * 1024;

  @Override
  public List<FuzzTarget> targets() {
    return List.of(
        FuzzTarget.bytes("http request", FuzzedHttp::serve)
            .seeds(
                "GET /pods?watch=true&a=%20b HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
                "POST /exec/a/b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n"
                    + "Host: a\r\nConnection: close\r\n\r\n",
                "PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
                    + "\r\n5;x=y\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
                "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    + "Sec-WebSocket-Protocol: v5.channel.k8s.io, v4.channel.k8s.io\r\n\r\n",
                "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            .words("Content-Length: ", "Transfer-Encoding: chunked\r\n", "HTTP/1.1", "\r\n\r\n"),
        FuzzTarget.bytes("http answer", FuzzedHttp::ask, IOException.class)
            .seeds(
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                "HTTP/1.0 200 OK\r\nServer: a\r\n\r\nuntil the end",
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")
            .words("Content-Length: ", "Transfer-Encoding: chunked\r\n", "HTTP/1.1", "\r\n\r\n"),
        FuzzTarget.text("http target", FuzzedHttp::target, IllegalArgumentException.class)
            .seeds("/api/v1/pods?watch=true&fieldSelector=a%3Db", "/logs/..x/", "/a%2Fb//c?x&y=&=z")
            .seeds("/"),
        FuzzTarget.bytes("websocket frames of a server", in -> receive(in, true), IOException.class)
            .seeds(hex("810548656c6c6f"), hex("010348656c80026c6f8900"), hex("880203e8"))
            .seeds(hex("827e0100" + "00".repeat(256))),
        FuzzTarget.bytes(
                "websocket frames of a client", in -> receive(in, false), IOException.class)
            .seeds(hex("818537fa213d7f9f4d5158"), hex("8a8037fa213d82fe000237fa213d7f9f")));
  }

  private static void serve(byte[] input) {
    new ServerConnection(
            new Recorded(input),
            InetSocketAddress.createUnresolved("client", 1),
            Optional::empty,
            HttpLimits.DEFAULTS,
            FuzzedHttp::answer)
        .run();
  }

  private static void answer(Request request, Response response) throws IOException {
    if (WebSocketHandshake.isAsked(request)) {
      try (WebSocket socket =
          WebSocketHandshake.accept(
              request,
              response,
              WebSocketHandshake.offered(request).stream().findFirst(),
              MESSAGE_BYTES)) {
        drain(socket);
      }
    } else {
      byte[] body = request.body().readAllBytes();
      response.send(200, "text/plain", request.path() + body.length);
    }
  }

  private static void ask(byte[] input) throws IOException {
    try (HttpClientConnection client = new HttpClientConnection(new Recorded(input))) {
      ClientResponse response = client.send(new ClientRequest("GET", "/", Headers.EMPTY));
      var _ = response.body().readAllBytes();
    }
  }

  private static void target(String input) {
    RequestTarget target = RequestTarget.parse(input);
    if (target.segments().contains("..") || target.path().isEmpty()) {
      throw new AssertionError("the target climbs");
    }
  }

  private static void receive(byte[] input, boolean client) throws IOException {
    Recorded recorded = new Recorded(input);
    try {
      drain(
          client
              ? WebSocket.client(recorded, MESSAGE_BYTES)
              : WebSocket.server(recorded, MESSAGE_BYTES));
    } catch (EOFException e) {
      if (recorded.in.available() > 0) {
        throw new AssertionError("the end of something that goes on", e);
      }
    }
  }

  private static void drain(WebSocket socket) throws IOException {
    while (true) {
      WebSocketMessage message = socket.receive();
      if (message.bytes().length > MESSAGE_BYTES || message.text().length() > MESSAGE_BYTES) {
        throw new AssertionError("over the limit");
      }
      if (message.kind() == WebSocketMessage.Kind.CLOSE) {
        var _ = message.closeCode();
      }
    }
  }

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text);
  }

  private record Recorded(ByteArrayInputStream in) implements Duplex {
    Recorded(byte[] input) {
      this(new ByteArrayInputStream(input));
    }

    @Override
    public InputStream input() {
      return in;
    }

    @Override
    public OutputStream output() {
      return OutputStream.nullOutputStream();
    }

    @Override
    public void readTimeout(Duration limit) {}

    @Override
    public void closeOutput() {}

    @Override
    public void close() {}
  }
}
