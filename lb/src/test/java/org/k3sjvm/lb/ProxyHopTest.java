package org.k3sjvm.lb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.base.net.HostPort;

@Timeout(30)
class ProxyHopTest {
  private static final HostPort SERVER = new HostPort("k3s.example", 6443);
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private final ServerSocket proxy = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());

  ProxyHopTest() throws IOException {}

  @AfterEach
  void stop() throws IOException {
    proxy.close();
  }

  @Test
  void connectNamesTheServerWithoutTheUserAndLeavesTheFirstBytesOfTheServerAlone()
      throws Exception {
    CompletableFuture<String> asked =
        answering("HTTP/1.1 200 Connection established\r\nVia: me\r\n\r\nhello", "\r\n\r\n");
    try (Socket through = dialer("http://user:secret@").dial(SERVER, LIMIT)) {
      assertThat(through.getInputStream().readNBytes(5)).asString().isEqualTo("hello");
    }
    assertThat(asked.get())
        .isEqualTo("CONNECT k3s.example:6443 HTTP/1.1\r\nHost: k3s.example:6443\r\n\r\n");
  }

  @Test
  void aRefusalIsToldWithTheProxysWords() {
    var _ = answering("HTTP/1.1 403 Not for you\r\n\r\n", "\r\n\r\n");
    assertThatThrownBy(() -> dialer("http://").dial(SERVER, LIMIT))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("403 Not for you")
        .hasMessageContaining("" + proxy.getLocalPort());
  }

  @Test
  void anAnswerWithoutEndIsGivenUpOn() {
    var _ = answering("HTTP/1.1 200 " + "x".repeat(10_000), "\r\n\r\n");
    assertThatThrownBy(() -> dialer("http://").dial(SERVER, LIMIT))
        .hasMessageContaining("too long");
  }

  @Test
  void socksGetsTheNameToResolve() throws Exception {
    CompletableFuture<String> asked = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try (Socket client = proxy.accept()) {
                InputStream in = client.getInputStream();
                String hello = HexFormat.of().formatHex(in.readNBytes(3));
                client.getOutputStream().write(new byte[] {5, 0});
                String request = HexFormat.of().formatHex(in.readNBytes(5 + 11 + 2));
                client.getOutputStream().write(HexFormat.of().parseHex("05000001000000000000"));
                client.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
                asked.complete(hello + " " + request);
              } catch (IOException e) {
                asked.completeExceptionally(e);
              }
            });
    try (Socket through = dialer("socks5://").dial(SERVER, LIMIT)) {
      assertThat(through.getInputStream().readNBytes(5)).asString().isEqualTo("hello");
    }
    assertThat(asked.get())
        .isEqualTo(
            "050100 050100030b"
                + HexFormat.of().formatHex("k3s.example".getBytes(StandardCharsets.US_ASCII))
                + "192b");
  }

  @Test
  void anotherKindOfProxyIsRefusedWithTheKindsThatAreKnown() {
    assertThatThrownBy(() -> new Dialer(Optional.of(URI.create("ftp://proxy.example:1"))))
        .isInstanceOf(LbException.class)
        .hasMessageContaining("ftp://proxy.example")
        .hasMessageContaining("socks5://");
  }

  private Dialer dialer(String start) {
    return new Dialer(Optional.of(URI.create(start + "127.0.0.1:" + proxy.getLocalPort())));
  }

  /** One connection: reads up to the end of a request, then answers. */
  private CompletableFuture<String> answering(String answer, String endOfRequest) {
    CompletableFuture<String> asked = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try (Socket client = proxy.accept()) {
                StringBuilder request = new StringBuilder();
                while (!request.toString().endsWith(endOfRequest)) {
                  request.append((char) client.getInputStream().read());
                }
                client.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                asked.complete(request.toString());
              } catch (IOException e) {
                asked.completeExceptionally(e);
              }
            });
    return asked;
  }
}
