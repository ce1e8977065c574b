package org.k3sjvm.http.websocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.http.Duplex;
import org.k3sjvm.http.Headers;
import org.k3sjvm.http.HttpServer;
import org.k3sjvm.http.HttpServerConfig;
import org.k3sjvm.http.SocketDuplex;
import org.k3sjvm.http.websocket.WebSocketMessage.Kind;

@Timeout(60)
class WebSocketTest {
  @Test
  void readsTheExamplesOfTheRfc() throws Exception {
    assertThat(client("810548656c6c6f").receive().text()).isEqualTo("Hello");
    assertThat(server("818537fa213d7f9f4d5158").receive().text()).isEqualTo("Hello");
    assertThat(client("010348656c80026c6f").receive().text()).isEqualTo("Hello");
    WebSocketMessage ping = client("890548656c6c6f").receive();
    assertThat(ping.kind()).isEqualTo(Kind.PING);
    assertThat(ping.text()).isEqualTo("Hello");
    assertThat(client("827E0100" + "00".repeat(256)).receive().bytes()).hasSize(256);
    assertThat(client("827F0000000000010000" + "00".repeat(65536)).receive().bytes())
        .hasSize(65536);
    assertThat(WebSocketHandshake.acceptFor("dGhlIHNhbXBsZSBub25jZQ=="))
        .isEqualTo("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  }

  @Test
  void aPingBetweenFragmentsIsHandedOutAtOnce() throws Exception {
    WebSocket socket = client("020148" + "8900" + "800149");
    assertThat(socket.receive().kind()).isEqualTo(Kind.PING);
    WebSocketMessage message = socket.receive();
    assertThat(message.kind()).isEqualTo(Kind.BINARY);
    assertThat(message.text()).isEqualTo("HI");
  }

  @ParameterizedTest
  @CsvSource({
    "c10548656c6c6f, 1002, reserved bits",
    "8005, 1002, continuation",
    "010148010149, 1002, inside another",
    "0900, 1002, fragments",
    "8300, 1002, opcode",
    "818537fa213d7f9f4d5158, 1002, masked",
    "897e0080, 1009, more than",
    "827f7fffffffffffffff, 1009, more than",
    "827fffffffffffffffff, 1009, more than",
    "01014800ff, 1002, masked",
    "01014800 7e 03e9, 1009, more than",
  })
  void refusesWhatBreaksTheRules(String hex, int code, String reason) {
    WebSocket socket = client(hex.replace(" ", ""));
    assertThatThrownBy(socket::receive)
        .isInstanceOfSatisfying(
            WebSocketException.class, e -> assertThat(e.closeCode()).isEqualTo(code))
        .hasMessageContaining(reason);
  }

  @Test
  void anUnmaskedFrameOfAClientIsRefused() {
    assertThatThrownBy(() -> server("810548656c6c6f").receive())
        .isInstanceOf(WebSocketException.class);
  }

  @Test
  void randomBytesNeverDoMoreThanFail() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(40)];
      random.nextBytes(bytes);
      WebSocket socket = client(HexFormat.of().formatHex(bytes));
      try {
        while (socket.receive().bytes().length <= 1000) {
          // Read on.
        }
      } catch (IOException e) {
        continue;
      }
      throw new AssertionError("over the limit with seed " + seed);
    }
  }

  @Test
  void messagesOfEverySizePassBothWays() throws Exception {
    try (HttpServer server =
            HttpServer.start(
                new HttpServerConfig("test", new HostPort("127.0.0.1", 0), Optional.empty()),
                (request, response) -> {
                  WebSocket socket =
                      WebSocketHandshake.accept(request, response, Optional.of("echo"), 1 << 20);
                  while (true) {
                    WebSocketMessage message = socket.receive();
                    switch (message.kind()) {
                      case BINARY -> socket.sendBinary(message.bytes());
                      case TEXT -> socket.sendText(message.text());
                      case PING -> socket.sendPong(message.bytes());
                      case PONG -> {}
                      case CLOSE -> {
                        socket.sendClose(message.closeCode(), "");
                        return;
                      }
                    }
                  }
                });
        Socket raw = new Socket(InetAddress.getLoopbackAddress(), server.address().getPort());
        WebSocket client =
            WebSocketHandshake.connect(
                new SocketDuplex(raw), "test", "/", Headers.EMPTY, 1 << 20)) {
      Random random = new Random(3);
      List<Integer> sizes = new ArrayList<>(List.of(0, 1, 125, 126, 127, 65535, 65536, 1 << 20));
      random.ints(20, 0, 100_000).forEach(sizes::add);
      for (int size : sizes) {
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        client.sendBinary(bytes);
        assertThat(client.receive().bytes()).isEqualTo(bytes);
      }
      client.sendText("grüße");
      assertThat(client.receive().text()).isEqualTo("grüße");
      client.sendPing(new byte[] {1});
      assertThat(client.receive().kind()).isEqualTo(Kind.PONG);
      client.sendClose(1000, "bye");
      assertThat(client.receive().closeCode()).isEqualTo(1000);
      assertThatThrownBy(client::receive).isInstanceOf(EOFException.class);
    }
  }

  @Test
  void aServerThatIsNoWebSocketIsToldByItsStatus() throws Exception {
    try (HttpServer server =
            HttpServer.start(
                new HttpServerConfig("test", new HostPort("127.0.0.1", 0), Optional.empty()),
                (request, response) -> response.send(403, "text/plain", "not you"));
        Socket raw = new Socket(InetAddress.getLoopbackAddress(), server.address().getPort())) {
      assertThatThrownBy(
              () ->
                  WebSocketHandshake.connect(
                      new SocketDuplex(raw), "test", "/", Headers.EMPTY, 1000))
          .isInstanceOfSatisfying(
              WebSocketHandshake.RefusedException.class, e -> assertThat(e.status()).isEqualTo(403))
          .hasMessageContaining("not you");
    }
  }

  private static WebSocket client(String hex) {
    return WebSocket.client(new Recorded(HexFormat.of().parseHex(hex)), limitFor(hex));
  }

  private static WebSocket server(String hex) {
    return WebSocket.server(new Recorded(HexFormat.of().parseHex(hex)), 1000);
  }

  private static int limitFor(String hex) {
    return hex.length() > 10_000 ? 100_000 : 1000;
  }

  /** What a peer sent, and what we would send it. */
  private static final class Recorded implements Duplex {
    private final InputStream input;
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    Recorded(byte[] bytes) {
      this.input = new ByteArrayInputStream(bytes);
    }

    @Override
    public InputStream input() {
      return input;
    }

    @Override
    public OutputStream output() {
      return output;
    }

    @Override
    public void readTimeout(Duration limit) {}

    @Override
    public void closeOutput() {}

    @Override
    public void close() {}
  }
}
