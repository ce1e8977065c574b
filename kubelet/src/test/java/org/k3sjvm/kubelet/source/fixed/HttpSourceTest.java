package org.k3sjvm.kubelet.source.fixed;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kubelet.Eventually;

class HttpSourceTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final AtomicReference<String> answer = new AtomicReference<>("");
  private final AtomicInteger code = new AtomicInteger(200);
  private final AtomicInteger asked = new AtomicInteger();
  private final List<String> events = new CopyOnWriteArrayList<>();
  private final FileSourceTest.Heard heard = new FileSourceTest.Heard();
  private HttpServer server;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/pods",
        exchange -> {
          asked.incrementAndGet();
          boolean allowed = "secret".equals(exchange.getRequestHeaders().getFirst("X-Key"));
          byte[] body = answer.get().getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(
              allowed ? code.get() : 403, body.length == 0 ? -1 : body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void followsAPodAndThenAList() throws InterruptedException {
    answer.set(pod("a"));
    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start("http", source());
      await("update a-n1");
      assertThat(heard.pods.getFirst().pod().getMetadata().getAnnotations())
          .containsEntry("kubernetes.io/config.source", "http");
      assertThat(heard.pods.getFirst().pod().getSpec().getTolerations()).isEmpty();

      answer.set(
          "{\"apiVersion\":\"v1\",\"kind\":\"PodList\",\"items\":[%s,%s,%s]}"
              .formatted(pod("b"), pod("c"), pod("b")));
      await("update c-n1");
      await("removed " + heard.pods.getFirst().uid().value());
      assertThat(heard.told.stream().filter("update b-n1"::equals)).hasSize(1);
      assertThat(events).containsExactly("b-n1 FailedValidation");
    }
  }

  @Test
  void anAnswerThatIsNoGoodChangesNothing() throws InterruptedException {
    answer.set(pod("a"));
    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start("http", source());
      await("update a-n1");
      for (String bad : List.of("[", pod("UPPER"), "{\"kind\":\"Pod\"}")) {
        answer.set(bad);
        more();
      }
      code.set(500);
      more();
      assertThat(heard.told).containsExactly("update a-n1", "synced");

      code.set(200);
      answer.set("");
      await("removed " + heard.pods.getFirst().uid().value());
    }
  }

  private void more() {
    int now = asked.get();
    Eventually.holds(PATIENCE, () -> asked.get() > now + 1, () -> "not asked");
  }

  private void await(String what) {
    Eventually.holds(PATIENCE, () -> heard.told.contains(what), heard.told::toString);
  }

  private HttpSource source() {
    return new HttpSource(
        URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/pods"),
        Map.of("X-Key", List.of("secret")),
        "n1",
        Duration.ofMillis(20),
        heard,
        (pod, event) -> events.add(pod.name() + " " + event.reason()),
        InstantSource.system(),
        Sleeper.SYSTEM);
  }

  private static String pod(String name) {
    return "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\"},\"spec\":"
            .formatted(name)
        + "{\"containers\":[{\"name\":\"c\",\"image\":\"i:1\"}]}}";
  }
}
