package org.k3sjvm.kubelet.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.HTTPGetActionBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PodHttpTest {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final Container CONTAINER =
      new ContainerBuilder()
          .withName("app")
          .addNewPort()
          .withName("web")
          .withContainerPort(8080)
          .endPort()
          .build();

  @Test
  void readsAnAnswerAndHangsUp() throws Exception {
    try (RudeServer server = RudeServer.saying("HTTP/1.1 204 No Content\r\n\r\n")) {
      assertThat(get(server, "/healthz").status()).isEqualTo(204);
      assertThat(server.heads())
          .containsExactly(
              """
              GET /healthz HTTP/1.1
              Host: 127.0.0.1:%d
              User-Agent: kube-probe/1.36
              Accept: */*
              Connection: close
              """
                  .formatted(server.port()));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\n\nfine",
        "HTTP/1.0 200\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n",
      })
  void takesAnswersThatAreGoodEnough(String answer) throws Exception {
    try (RudeServer server = RudeServer.saying(answer)) {
      assertThat(get(server, "/").status()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|EOF",
        "HTTP/1.1 200 OK|unexpected EOF",
        "HTTP/1.1 200 OK~Content-Le|unexpected EOF",
        "garbage~~|malformed HTTP response \"garbage\"",
        "HTTP/x.y 200 OK~~|malformed HTTP version \"HTTP/x.y\"",
        "HTTP/1.1 2x0 OK~~|malformed HTTP status code \"2x0\"",
        "HTTP/1.1 200 OK~nonsense~~|missing colon: \"nonsense\"",
        "HTTP/1.1 200 OK~Content-Length: -1~~|bad Content-Length \"-1\"",
      })
  void saysWhatIsWrongWithAnAnswer(String answer, String why) throws Exception {
    try (RudeServer server = RudeServer.saying(answer.replace("~", "\r\n"))) {
      HttpException e = failure(server, LIMIT);
      assertThat(e).hasMessageStartingWith("Get \"http://127.0.0.1:" + server.port() + "/\": ");
      assertThat(e).hasMessageEndingWith(why);
      assertThat(e.stage()).isEqualTo(HttpException.Stage.HEAD);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "HTTP/1.1 200 OK~Content-Length: 9~~short|unexpected EOF",
        "HTTP/1.1 200 OK~Transfer-Encoding: chunked~~zz~|invalid byte in chunk length",
        "HTTP/1.1 200 OK~Transfer-Encoding: chunked~~1~ab~|malformed chunked encoding",
      })
  void tellsABodyThatBreaksOffFromNoAnswer(String answer, String why) throws Exception {
    try (RudeServer server = RudeServer.saying(answer.replace("~", "\r\n"))) {
      HttpException e = failure(server, LIMIT);
      assertThat(e).hasMessage(why);
      assertThat(e.stage()).isEqualTo(HttpException.Stage.BODY);
    }
  }

  @Test
  void readsTenKilobytesOfAnEndlessBodyAndNoMore() throws Exception {
    try (RudeServer server =
        RudeServer.that(
            client -> {
              RudeServer.head(client);
              RudeServer.write(client, "HTTP/1.1 302 Found\r\n\r\n");
              while (true) {
                RudeServer.write(client, "x".repeat(1000));
              }
            })) {
      assertThat(get(server, "/").body()).hasSize(10 * 1024);
    }
  }

  @Test
  void endsAHeadThatTricklesInWhenTheTimeIsOver() throws Exception {
    try (RudeServer server =
        RudeServer.that(
            client -> {
              RudeServer.head(client);
              RudeServer.write(client, "HTTP/1.1 200 OK\r\n");
              trickle(client, "X: y\r\n");
            })) {
      assertThat(failure(server, SHORT))
          .hasMessageEndingWith(
              "context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
    }
  }

  @Test
  void endsABodyThatTricklesInWhenTheTimeIsOver() throws Exception {
    try (RudeServer server =
        RudeServer.that(
            client -> {
              RudeServer.head(client);
              RudeServer.write(client, "HTTP/1.1 200 OK\r\n\r\n");
              trickle(client, "y");
            })) {
      HttpException e = failure(server, SHORT);
      assertThat(e)
          .hasMessage(
              "context deadline exceeded (Client.Timeout or context cancellation while reading"
                  + " body)");
      assertThat(e.stage()).isEqualTo(HttpException.Stage.BODY);
    }
  }

  @Test
  void endsATlsHandshakeThatGoesNowhereWhenTheTimeIsOver() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    try (RudeServer server = RudeServer.that(_ -> over.await())) {
      assertThatThrownBy(() -> PodHttp.get(tls(server.port()), PodHttp.Follow.SAME_HOST, SHORT))
          .hasMessageContaining("context deadline exceeded");
    }
  }

  @Test
  void saysThatAServerSpeaksNoTls() throws Exception {
    try (RudeServer server =
        RudeServer.that(c -> RudeServer.write(c, "HTTP/1.0 400 Bad\r\n\r\n"))) {
      HttpException e =
          catchThrowableOfType(
              HttpException.class,
              () -> PodHttp.get(tls(server.port()), PodHttp.Follow.SAME_HOST, LIMIT));
      assertThat(e).hasMessageEndingWith("http: server gave HTTP response to HTTPS client");
      assertThat(e.stage()).isEqualTo(HttpException.Stage.PLAIN_SERVER);
    }
  }

  @Test
  void callsARefusedConnectionByItsName() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      port = free.getLocalPort();
    }
    assertThatThrownBy(() -> PodHttp.get(request(port, "/"), PodHttp.Follow.ALL, LIMIT))
        .hasMessage(
            "Get \"http://127.0.0.1:%1$d/\": dial tcp 127.0.0.1:%1$d: connect: connection refused"
                .formatted(port));
    assertThatThrownBy(() -> PodSocket.dial("127.0.0.1", port, LIMIT))
        .hasMessage("dial tcp 127.0.0.1:%d: connect: connection refused".formatted(port));
  }

  @Test
  void followsRedirectsOnTheSameHostAndReturnsThoseToOthers() throws Exception {
    AtomicReference<String> to = new AtomicReference<>("/next?a=b");
    AtomicInteger asked = new AtomicInteger();
    try (RudeServer server =
        RudeServer.that(
            client -> {
              String head = RudeServer.head(client);
              asked.incrementAndGet();
              RudeServer.write(
                  client,
                  head.startsWith("GET /next?a=b ")
                      ? "HTTP/1.1 200 OK\r\n\r\n"
                      : "HTTP/1.1 302 Found\r\nLocation: " + to.get() + "\r\n\r\nthere");
            })) {
      assertThat(get(server, "/").status()).isEqualTo(200);
      assertThat(asked).hasValue(2);

      to.set("http://0.0.0.0/next");
      HttpAnswer other = get(server, "/");
      assertThat(other.status()).isEqualTo(302);
      assertThat(other.body()).isEqualTo("there");

      to.set("/again");
      asked.set(0);
      assertThat(failure(server, LIMIT)).hasMessageEndingWith("stopped after 10 redirects");
      assertThat(asked).hasValue(10);
    }
  }

  @Test
  void leavesWhenItsThreadIsInterrupted() throws Exception {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    AtomicReference<Throwable> left = new AtomicReference<>();
    try (RudeServer server =
        RudeServer.that(
            _ -> {
              reached.countDown();
              never.await();
            })) {
      Thread thread =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      PodHttp.get(request(server.port(), "/"), PodHttp.Follow.ALL, Duration.ZERO);
                    } catch (HttpException | InterruptedException e) {
                      left.set(e);
                    }
                  });
      reached.await();
      thread.interrupt();
      thread.join();
      assertThat(left.get()).isInstanceOf(InterruptedException.class);
    }
  }

  @Test
  void writesHeadersAsGoDoes() {
    HttpGet get =
        HttpGet.of(
            new HTTPGetActionBuilder()
                .withNewPort("web")
                .withPath("a b?x=y z")
                .addNewHttpHeader("x-late", "2")
                .addNewHttpHeader("Authorization", "secret")
                .addNewHttpHeader("X-LATE", " 3 ")
                .addNewHttpHeader("host", "example.org")
                .addNewHttpHeader("Accept", "")
                .addNewHttpHeader("User-Agent", "")
                .build(),
            CONTAINER,
            "fd00::1",
            "probe");

    assertThat(get.head())
        .isEqualTo(
            """
            GET /a%20b?x=y%20z HTTP/1.1
            Host: example.org
            Authorization: secret
            X-Late: 2
            X-Late: 3
            Connection: close

            """
                .replace("\n", "\r\n"));
    assertThat(get.url()).isEqualTo("http://[fd00::1]:8080/a%20b?x=y%20z");
    assertThat(get.inPlainText().head()).doesNotContain("secret");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|/",
        "healthz|/healthz",
        "/%zz?a|/%25zz%3Fa",
        "/a#b|/a",
        "http://other/x|/x",
        "/ä|/%C3%A4",
      })
  void makesAPathOfWhatWasGiven(String path, String target) {
    assertThat(
            HttpGet.of(
                    new HTTPGetActionBuilder().withNewPort(80).withPath(path).build(),
                    CONTAINER,
                    "10.0.0.1",
                    "probe")
                .target())
        .isEqualTo(target);
  }

  @Test
  void findsPorts() {
    assertThatThrownBy(() -> request(0, "/")).hasMessage("invalid port number: 0");
    assertThat(Ports.of(new io.fabric8.kubernetes.api.model.IntOrString("web"), CONTAINER))
        .isEqualTo(8080);
    assertThat(Ports.of(new io.fabric8.kubernetes.api.model.IntOrString("81"), CONTAINER))
        .isEqualTo(81);
    assertThatThrownBy(
            () -> Ports.of(new io.fabric8.kubernetes.api.model.IntOrString("db"), CONTAINER))
        .hasMessageContaining("no port named \"db\"");
  }

  private static void trickle(java.net.Socket client, String drop)
      throws IOException, InterruptedException {
    CountDownLatch never = new CountDownLatch(1);
    do {
      RudeServer.write(client, drop);
    } while (!never.await(20, java.util.concurrent.TimeUnit.MILLISECONDS));
  }

  private static HttpAnswer get(RudeServer server, String path)
      throws HttpException, InterruptedException {
    return PodHttp.get(request(server.port(), path), PodHttp.Follow.SAME_HOST, LIMIT);
  }

  private static HttpException failure(RudeServer server, Duration limit) {
    return catchThrowableOfType(
        HttpException.class,
        () -> PodHttp.get(request(server.port(), "/"), PodHttp.Follow.SAME_HOST, limit));
  }

  private static HttpGet request(int port, String path) {
    return HttpGet.of(
        new HTTPGetActionBuilder().withNewPort(port).withPath(path).build(),
        CONTAINER,
        "127.0.0.1",
        "probe");
  }

  private static HttpGet tls(int port) {
    return HttpGet.of(
        new HTTPGetActionBuilder().withNewPort(port).withScheme("HTTPS").build(),
        CONTAINER,
        "127.0.0.1",
        "probe");
  }
}
