package org.k3sjvm.kubelet.pod.effect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.HTTPGetActionBuilder;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.fabric8.kubernetes.api.model.LifecycleHandlerBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLServerSocket;
import org.junit.jupiter.api.Test;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.testing.FakeContainerRuntime;
import org.k3sjvm.http.testing.TestAuthority;
import org.k3sjvm.kubelet.handler.RudeServer;
import org.k3sjvm.kubelet.pod.PodEvent;

class HooksTest {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final ContainerId ID = new ContainerId("one");
  private static final Container CONTAINER = new ContainerBuilder().withName("app").build();

  private final List<PodEvent> events = new ArrayList<>();
  private final Hooks hooks = new Hooks(FakeContainerRuntime.create());

  @Test
  void anyAnswerIsGoodEnough() throws Exception {
    try (RudeServer server = RudeServer.saying("HTTP/1.1 500 No\r\nContent-Length: 7\r\n\r\ncut")) {
      assertThat(run(get(server.port(), "HTTP"))).isEmpty();
      assertThat(server.heads().getFirst())
          .contains("User-Agent: kube-lifecycle/1.36\n", "X-Who: me\n");
    }
  }

  @Test
  void aServerThatIsAwayIsAFailure() throws Exception {
    int port;
    try (RudeServer server = RudeServer.saying("")) {
      port = server.port();
    }
    assertThat(run(get(port, "HTTP")).orElseThrow()).contains("connection refused");
    assertThat(run(get(port, "HTTPS")).orElseThrow()).contains("connection refused");
  }

  @Test
  void certificatesAreNotLookedAt() throws Exception {
    TestAuthority authority = new TestAuthority("nobody knows");
    try (SSLServerSocket socket =
        (SSLServerSocket)
            authority
                .context(Optional.of(authority.server()))
                .getServerSocketFactory()
                .createServerSocket(0, 5, java.net.InetAddress.ofLiteral("127.0.0.1"))) {
      Thread server =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try (java.net.Socket client = socket.accept()) {
                      RudeServer.head(client);
                      RudeServer.write(client, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                    } catch (java.io.IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                  });
      assertThat(run(get(socket.getLocalPort(), "HTTPS"))).isEmpty();
      server.join();
    }
    assertThat(events).isEmpty();
  }

  @Test
  void aServerWithoutTlsIsAskedInPlainTextWithoutTheSecret() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    List<String> heads = new ArrayList<>();
    try (RudeServer server =
        RudeServer.that(
            client -> {
              if (asked.getAndIncrement() > 0) {
                heads.add(RudeServer.head(client));
              }
              RudeServer.write(client, "HTTP/1.1 200 OK\r\n\r\n");
            })) {
      assertThat(run(get(server.port(), "HTTPS"))).isEmpty();

      assertThat(heads.getFirst()).contains("X-Who: me").doesNotContain("Authorization");
      assertThat(events)
          .containsExactly(
              PodEvent.warning(
                  "LifecycleHTTPFallback",
                  "request to HTTPS lifecycle hook 127.0.0.1:%d got HTTP response, retry with HTTP"
                          .formatted(server.port())
                      + " succeeded"));
    }
  }

  @Test
  void aPodWithoutAnAddressCannotBeAsked() throws Exception {
    LifecycleHandler handler =
        new LifecycleHandlerBuilder()
            .withHttpGet(new HTTPGetActionBuilder().withNewPort(80).build())
            .build();
    assertThat(hooks.run(handler, ID, CONTAINER, List.of(), LIMIT))
        .hasValue("the pod has no address");
  }

  @Test
  void sleepsForAsLongAsItIsToldAndZeroIsAllowed() throws Exception {
    assertThat(run(sleep(0))).isEmpty();
    assertThat(hooks.run(sleep(1000), ID, CONTAINER, List.of(), Duration.ofMillis(5))).isEmpty();

    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> run(sleep(1000))).isInstanceOf(InterruptedException.class);
  }

  @Test
  void otherKindsAreRefused() throws Exception {
    LifecycleHandler tcp =
        new LifecycleHandlerBuilder().withNewTcpSocket().withNewPort(80).endTcpSocket().build();
    assertThat(run(tcp)).isPresent();
  }

  private Optional<String> run(LifecycleHandler handler) throws InterruptedException {
    return hooks.run(handler, ID, CONTAINER, List.of("127.0.0.1"), LIMIT, events::add);
  }

  private static LifecycleHandler sleep(long seconds) {
    return new LifecycleHandlerBuilder().withNewSleep().withSeconds(seconds).endSleep().build();
  }

  private static LifecycleHandler get(int port, String scheme) {
    return new LifecycleHandlerBuilder()
        .withHttpGet(
            new HTTPGetActionBuilder()
                .withNewPort(port)
                .withScheme(scheme)
                .withPath("/bye")
                .addNewHttpHeader("Authorization", "secret")
                .addNewHttpHeader("x-who", "me")
                .build())
        .build();
  }
}
