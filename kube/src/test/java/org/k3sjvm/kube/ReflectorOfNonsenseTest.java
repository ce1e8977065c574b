package org.k3sjvm.kube;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.Node;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.lifetime.ServiceGroup;

/** What is no answer of an API server: it costs what it names, never the reader. */
class ReflectorOfNonsenseTest {
  private static final String NAMELESS =
      "{}, {\"metadata\": null}, {\"metadata\": {}}, {\"metadata\": {\"name\": \"\"}}";

  private final BlockingQueue<ReflectorEvent<Node>> events = new LinkedBlockingQueue<>();
  private final ServiceGroup group = ServiceGroup.open("test");
  private HttpServer server;
  private HttpKubeApi api;
  private volatile String list = "";
  private volatile String watch = "";

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    URI uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    api =
        new HttpKubeApi(
            new KubeCredentials(uri, List.of(), Optional.empty(), Optional.empty()),
            KubeClientConfig.of("test"));
  }

  @AfterEach
  void stop() {
    group.close();
    api.close();
    server.stop(0);
  }

  @Test
  void objectsWithoutANameAreLeftOutOfAList() throws Exception {
    list = list(NAMELESS + ", {\"metadata\": {\"name\": \"a\"}}");
    reflect();

    assertThat(events.poll(10, TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            ReflectorEvent.Added.class,
            e -> assertThat(((Node) e.object()).getMetadata().getName()).isEqualTo("a"));
    assertThat(events.poll(10, TimeUnit.SECONDS)).isInstanceOf(ReflectorEvent.Synced.class);
  }

  @Test
  void eventsWithoutANameOrAVersionDoNotEndAWatch() throws Exception {
    list = list("");
    watch =
        """
        {"type": "ADDED", "object": {}}
        {"type": "MODIFIED", "object": {"metadata": {}}}
        {"type": "DELETED", "object": {"metadata": {"name": ""}}}
        {"type": "ADDED", "object": {"metadata": {"name": "a"}}}
        {"type": "MODIFIED", "object": {"metadata": {"name": "a", "uid": "1"}}}
        {"type": "DELETED", "object": {"metadata": {"name": "a"}}}
        """;
    reflect();

    assertThat(events.poll(10, TimeUnit.SECONDS)).isInstanceOf(ReflectorEvent.Synced.class);
    ObjectName a = ObjectName.ofCluster("a");
    assertThat(events.poll(10, TimeUnit.SECONDS)).isInstanceOf(ReflectorEvent.Added.class);
    assertThat(events.poll(10, TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            ReflectorEvent.Deleted.class, e -> assertThat(e.name()).isEqualTo(a));
    assertThat(events.poll(10, TimeUnit.SECONDS)).isInstanceOf(ReflectorEvent.Added.class);
    assertThat(events.poll(10, TimeUnit.SECONDS))
        .isEqualTo(new ReflectorEvent.Deleted<Node>(a, "1"));
  }

  @Test
  void aListWithAHoleIsNoAnswer() {
    list = list("null");

    assertThatThrownBy(() -> api.list(Resources.NODES, ListRequest.newest(Selection.ALL)))
        .isInstanceOf(KubeException.Unavailable.class)
        .hasMessageContaining("an item of the list is null");
  }

  private void reflect() {
    group.start("nodes", new Reflector<>(api, Resources.NODES, Selection.ALL, events::add));
  }

  private static String list(String items) {
    return "{\"metadata\": {\"resourceVersion\": \"5\"}, \"items\": [" + items + "]}";
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String answer = list;
      if (exchange.getRequestURI().toString().contains("watch=true")) {
        answer = watch;
        watch = ""; // once, then nothing happens any more
      }
      exchange.sendResponseHeaders(200, 0);
      exchange.getResponseBody().write(answer.getBytes(StandardCharsets.UTF_8));
    }
  }
}
