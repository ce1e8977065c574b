package org.k3sjvm.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.net.HostPort;

@Timeout(60)
class HttpServerTest {
  private Optional<HttpServer> server = Optional.empty();

  @AfterEach
  void stop() {
    server.ifPresent(HttpServer::close);
  }

  @Test
  void aConnectionServesOneRequestAfterTheOther() throws Exception {
    start((request, response) -> response.send(201, "text/plain", request.path()));
    try (HttpClientConnection client = connect()) {
      for (String path : new String[] {"/a", "/b%20c", "/d+e"}) {
        ClientResponse response = client.send(get(path));
        assertThat(response.status()).isEqualTo(201);
        assertThat(response.headers().first("content-length")).isPresent();
        assertThat(text(response)).isEqualTo(path.replace("%20", " "));
      }
    }
  }

  @Test
  void pipelinedRequestsAreAnsweredInOrder() throws Exception {
    start((request, response) -> response.send(200, "text/plain", request.path()));
    String answers =
        exchange(
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                + "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                + "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assertThat(answers).containsSubsequence("/1HTTP/1.1 200", "/2HTTP/1.1 200", "/3");
  }

  @Test
  void aBodyWithoutLengthIsSentInChunksAsItIsFlushed() throws Exception {
    CountDownLatch firstRead = new CountDownLatch(1);
    start(
        (request, response) -> {
          OutputStream out = response.body();
          out.write("one".getBytes(StandardCharsets.UTF_8));
          out.flush();
          firstRead.await();
          out.write("two".getBytes(StandardCharsets.UTF_8));
        });
    try (HttpClientConnection client = connect()) {
      ClientResponse response = client.send(get("/"));
      assertThat(response.headers().first("Transfer-Encoding")).contains("chunked");
      assertThat(response.body().readNBytes(3)).asString().isEqualTo("one");
      firstRead.countDown();
      assertThat(text(response)).isEqualTo("two");
      assertThat(client.send(get("/")).status()).isEqualTo(200);
    }
  }

  @Test
  void theHeadGoesOutBeforeTheFirstByteOfTheBody() throws Exception {
    CountDownLatch headSeen = new CountDownLatch(1);
    start(
        (request, response) -> {
          var _ = response.body();
          headSeen.await();
        });
    try (HttpClientConnection client = connect()) {
      assertThat(client.send(get("/")).status()).isEqualTo(200);
      headSeen.countDown();
    }
  }

  @Test
  void bodiesOfRequestsArriveWholeHoweverTheyAreFramed() throws Exception {
    start((request, response) -> response.send(request.bodyBytes()));
    assertThat(
            exchange(
                String.join(
                    "\r\n",
                    "POST / HTTP/1.1",
                    "Host: a",
                    "Transfer-Encoding: chunked",
                    "Connection: close",
                    "",
                    "3;x=y",
                    "abc",
                    "0A",
                    "0123456789",
                    "0",
                    "Trailer: t",
                    "",
                    "")))
        .endsWith("\r\n\r\nabc0123456789");
    try (HttpClientConnection client = connect()) {
      byte[] body = new byte[1_000_000];
      new Random(7).nextBytes(body);
      ClientResponse response =
          client.send(new ClientRequest("PUT", "/", Headers.of("Host", "a")), body);
      assertThat(response.body().readAllBytes()).isEqualTo(body);
    }
  }

  @Test
  void aClientThatWaitsIsToldToContinueWhenTheBodyIsWanted() throws Exception {
    start((request, response) -> response.send(request.bodyBytes()));
    assertThat(
            exchange(
                "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
                    + "Connection: close\r\n\r\nok"))
        .startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
        .endsWith("ok");
  }

  @Test
  void aBodyOverTheLimitIsRefused() throws Exception {
    start(
        HttpLimits.DEFAULTS.withBodyBytes(10),
        (request, response) -> response.send(request.bodyBytes()));
    String answer = exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n01234567890");
    assertThat(answer).startsWith("HTTP/1.1 413 ").contains("Connection: close");
  }

  @ParameterizedTest
  @CsvSource({
    "'GET / HTTP/1.1\r\n\r\n', 400",
    "'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400",
    "'GET / HTTP/1.1\nHost: a\n\n', 400",
    "'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400",
    "'GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n', 400",
    "'GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n', 400",
    "'GET /../etc HTTP/1.1\r\nHost: a\r\n\r\n', 400",
    "'GET /a/%2e%2e/etc HTTP/1.1\r\nHost: a\r\n\r\n', 400",
    "'GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n', 400",
    "'GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n', 400",
    "'get / HTTP/1.1\r\nHost: a\r\n\r\n', 400",
    "'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505",
    "'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400",
    "'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400",
    "'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n', 400",
    "'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 501",
    "'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', 400",
    "'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400",
    "'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n', 400",
  })
  void whatTwoParsersCouldReadDifferentlyIsRefused(String bytes, int status) throws Exception {
    start((request, response) -> response.send(request.bodyBytes()));
    assertThat(exchange(bytes)).startsWith("HTTP/1.1 " + status + " ");
  }

  @Test
  void aHeadOverTheLimitIsRefused() throws Exception {
    start((request, response) -> response.send(200, "text/plain", "never"));
    String header = "X: " + "x".repeat(70_000) + "\r\n";
    assertThat(exchange("GET / HTTP/1.1\r\nHost: a\r\n" + header + "\r\n"))
        .startsWith("HTTP/1.1 431 ");
  }

  @Test
  void aFaultOfTheHandlerBecomesA500AndAfterTheHeadACut() throws Exception {
    start(
        (request, response) -> {
          if (request.path().equals("/late")) {
            response.body().flush();
          }
          throw new IllegalStateException("secret detail");
        });
    assertThat(exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        .startsWith("HTTP/1.1 500 ")
        .doesNotContain("secret");
    assertThat(exchange("GET /late HTTP/1.1\r\nHost: a\r\n\r\n"))
        .startsWith("HTTP/1.1 200 ")
        .doesNotContain("0\r\n\r\n");
  }

  @Test
  void headAndOldClientsGetWhatTheyUnderstand() throws Exception {
    start((request, response) -> response.body().write("text".getBytes(StandardCharsets.UTF_8)));
    assertThat(exchange("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        .contains("chunked")
        .endsWith("\r\n\r\n");
    assertThat(exchange("GET / HTTP/1.0\r\n\r\n"))
        .doesNotContain("chunked")
        .endsWith("\r\n\r\ntext");
  }

  @Test
  void aHandlerWaitsForAClientThatDoesNotReadAndLosesNothing() throws Exception {
    AtomicLong written = new AtomicLong();
    byte[] block = new byte[64 * 1024];
    int blocks = 800;
    start(
        (request, response) -> {
          OutputStream out = response.body();
          for (int i = 0; i < blocks; i++) {
            block[0] = (byte) i;
            out.write(block.clone());
            written.addAndGet(block.length);
          }
        });
    try (HttpClientConnection client = connect()) {
      ClientResponse response = client.send(get("/"));
      long before = -1;
      while (written.get() != before) {
        before = written.get();
        var _ = new CountDownLatch(1).await(200, TimeUnit.MILLISECONDS);
      }
      assertThat(written.get()).as("stopped at the bound").isLessThan(30_000_000);
      for (int i = 0; i < blocks; i++) {
        byte[] read = response.body().readNBytes(block.length);
        assertThat(read.length).isEqualTo(block.length);
        assertThat(read[0]).isEqualTo((byte) i);
      }
      assertThat(response.body().read()).isEqualTo(-1);
    }
  }

  @Test
  void aWaitingHandlerLearnsThatItsClientHasGone() throws Exception {
    CountDownLatch waiting = new CountDownLatch(1);
    CompletableFuture<String> outcome = new CompletableFuture<>();
    start(
        (request, response) -> {
          response.onClientGone(Thread.currentThread()::interrupt);
          waiting.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            outcome.complete("interrupted");
            throw e;
          }
        });
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port());
    socket.getOutputStream().write(ascii("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    waiting.await();
    socket.close();
    assertThat(outcome.get(10, TimeUnit.SECONDS)).isEqualTo("interrupted");
  }

  @Test
  void afterAnUpgradeTheConnectionIsRawBothWaysWithHalfClose() throws Exception {
    start(HttpServerTest::echo);
    try (HttpClientConnection client = connect()) {
      ClientResponse response =
          client.send(
              new ClientRequest(
                  "POST",
                  "/",
                  Headers.of("Host", "a", "Connection", "Upgrade", "Upgrade", "SPDY/3.1")));
      assertThat(response.upgraded()).isTrue();
      assertThat(response.headers().first("Upgrade")).contains("SPDY/3.1");
      roundTrip(client.streams(), 3_000_000);
    }
  }

  @Test
  void bytesThatComeRightBehindTheUpgradeAreNotLost() throws Exception {
    start(HttpServerTest::echo);
    assertThat(
            exchange(
                String.join(
                    "\r\n",
                    "GET / HTTP/1.1",
                    "Host: a",
                    "Connection: Upgrade",
                    "Upgrade: x",
                    "",
                    "early bytes")))
        .endsWith("\r\n\r\nearly bytes");
  }

  @Test
  void connectionsOverTheLimitAreClosedAtOnce() throws Exception {
    start(
        HttpLimits.DEFAULTS.withConnections(1),
        (request, response) -> response.send(200, "text/plain", "ok"));
    try (HttpClientConnection first = connect()) {
      assertThat(text(first.send(get("/")))).isEqualTo("ok");
      try (Socket second = new Socket(InetAddress.getLoopbackAddress(), port())) {
        assertThat(readAll(second)).isEmpty();
      }
      assertThat(text(first.send(get("/")))).isEqualTo("ok");
    }
  }

  @Test
  void anIdleConnectionIsClosedWhenItsTimeIsOver() throws Exception {
    start(
        HttpLimits.DEFAULTS.withIdle(Duration.ofMillis(100)),
        (request, response) -> response.send(200, "text/plain", "ok"));
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void closingLetsTheRequestInWorkFinishAndEndsIdleConnections() throws Exception {
    CountDownLatch inWork = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    start(
        (request, response) -> {
          if (request.path().equals("/slow")) {
            inWork.countDown();
            go.await();
          }
          response.send(200, "text/plain", "done");
        });
    try (HttpClientConnection idle = connect();
        HttpClientConnection busy = connect()) {
      assertThat(text(idle.send(get("/")))).isEqualTo("done");
      CompletableFuture<String> answer =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return text(busy.send(get("/slow")));
                } catch (IOException e) {
                  return e.toString();
                }
              });
      inWork.await();
      Thread closing = Thread.ofVirtual().start(server.orElseThrow()::close);
      assertThat(idle.streams().input().read()).isEqualTo(-1);
      go.countDown();
      assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo("done");
      closing.join();
    }
    assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port()))
        .isInstanceOf(IOException.class);
  }

  @Test
  void aTakenPortIsNamedInTheMessage() throws Exception {
    start((request, response) -> response.send(200, "text/plain", "ok"));
    assertThatThrownBy(
            () ->
                HttpServer.start(
                    new HttpServerConfig(
                        "second", new HostPort("127.0.0.1", port()), Optional.empty()),
                    (request, response) -> {}))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("127.0.0.1:" + port())
        .hasMessageContaining("in use");
  }

  static void echo(Request request, Response response) throws IOException {
    response
        .status(101)
        .header("Connection", "Upgrade")
        .header("Upgrade", request.headers().first("Upgrade").orElse(""));
    Duplex raw = response.hijack();
    raw.input().transferTo(raw.output());
    raw.closeOutput();
  }

  static void roundTrip(Duplex raw, int size) throws Exception {
    byte[] data = new byte[size];
    new Random(11).nextBytes(data);
    Thread writer =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    raw.output().write(data);
                    raw.closeOutput();
                  } catch (IOException e) {
                    raw.close();
                  }
                });
    assertThat(raw.input().readAllBytes()).isEqualTo(data);
    writer.join();
  }

  private void start(Handler handler) throws IOException {
    start(HttpLimits.DEFAULTS, handler);
  }

  private void start(HttpLimits limits, Handler handler) throws IOException {
    server =
        Optional.of(
            HttpServer.start(
                new HttpServerConfig(
                    "test", new HostPort("127.0.0.1", 0), Optional.empty(), limits),
                handler));
  }

  private int port() {
    return server.orElseThrow().address().getPort();
  }

  private HttpClientConnection connect() throws IOException {
    return HttpClientConnection.over(new Socket(InetAddress.getLoopbackAddress(), port()));
  }

  private String exchange(String bytes) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
      socket.getOutputStream().write(ascii(bytes));
      socket.shutdownOutput();
      return readAll(socket);
    }
  }

  private static String readAll(Socket socket) throws IOException {
    try (InputStream in = socket.getInputStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  static ClientRequest get(String target) {
    return new ClientRequest("GET", target, Headers.of("Host", "test"));
  }

  static String text(ClientResponse response) throws IOException {
    return new String(response.body().readAllBytes(), StandardCharsets.UTF_8);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
