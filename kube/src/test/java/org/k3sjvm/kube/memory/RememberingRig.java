package org.k3sjvm.kube.memory;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.secret.Seal;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.ObjectList;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.kube.WatchRequest;
import org.k3sjvm.kube.testing.FakeKubeApi;

/**
 * A client that remembers, a server behind it, and the line between them, which tests cut. Tests
 * restart the client as a power cut would.
 */
abstract class RememberingRig {
  static final ObjectName WEB = new ObjectName("default", "web");
  static final ObjectName DB = new ObjectName("default", "db");
  static final String TOKENS_OF_WEB = "/api/v1/namespaces/default/serviceaccounts/web/token";

  final KubeException unavailable =
      new KubeException.Unavailable("ask", "connection refused", null);
  final ManualTime time = new ManualTime(Instant.parse("2026-01-01T00:00:00Z"));
  final FakeKubeApi server = new FakeKubeApi(time);
  final Line line = new Line(server);

  @TempDir Path directory;
  ApiMemory memory;
  Silence silence;
  RememberingApi api;

  @BeforeEach
  void start() throws IOException {
    memory = ApiMemory.open(directory, new Seal("test", List.of("host key".getBytes(UTF_8))), time);
    silence = new Silence(time);
    api =
        new RememberingApi(
            line.api(), memory, Set.of(Resources.PODS, Resources.SECRETS), silence, time);
  }

  /** A power cut: what was said is written, nothing else is known any more. */
  void restart() throws IOException {
    memory.writeChanges();
    start();
  }

  /** No server answers, and has not for long enough. */
  void silent() {
    line.fails(unavailable);
    silence.assume();
    time.advance(Duration.ofSeconds(3)); // the memory answers alone for so long
  }

  void rememberWebAndRestart() throws Exception {
    create(pod("web"));
    list(Selection.ALL);
    token(tokenRequest("uid1", "api", 3600));
    restart();
    line.forgetAsked();
  }

  String tokenWithoutServer() throws InterruptedException {
    silent();
    String token = token(tokenRequest("uid1", "api", 3600));
    line.answers();
    silence.answered();
    return token;
  }

  String token(JsonNode request) throws InterruptedException {
    return api.post(TOKENS_OF_WEB, request).at("/status/token").asText();
  }

  static JsonNode tokenRequest(String podUid, String audience, int seconds) {
    return KubeJson.read(
        """
        {"spec":{"audiences":["%s"],"expirationSeconds":%d,
         "boundObjectRef":{"kind":"Pod","name":"web","uid":"%s"}}}"""
            .formatted(audience, seconds, podUid),
        JsonNode.class);
  }

  ObjectList<Pod> list(Selection selection) throws InterruptedException {
    return api.list(Resources.PODS, ListRequest.newest(selection));
  }

  static List<String> names(ObjectList<? extends HasMetadata> list) {
    return list.items().stream().map(item -> item.getMetadata().getName()).toList();
  }

  static WatchRequest everything() {
    return new WatchRequest(Selection.ALL, "0", Duration.ofMinutes(5));
  }

  static Patch label(String name, String value) {
    return new Patch.Merge(
        KubeJson.read(
            "{\"metadata\":{\"labels\":{\"%s\":\"%s\"}}}".formatted(name, value), JsonNode.class));
  }

  Pod create(Pod pod) {
    return server.create(Resources.PODS, pod);
  }

  Secret create(Secret secret) {
    return server.create(Resources.SECRETS, secret);
  }

  static Pod pod(String name) {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace("default")
        .withName(name)
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("c")
        .withImage("web:1")
        .endContainer()
        .endSpec()
        .build();
  }

  static Secret secret(String name) {
    return new SecretBuilder()
        .withNewMetadata()
        .withNamespace("default")
        .withName(name)
        .endMetadata()
        .addToData("key", "dmFsdWU=")
        .build();
  }

  /** The way to the server: it notes what is asked, and can be told to fail or to hold. */
  static final class Line {
    private final KubeApi server;
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private volatile Optional<KubeException> fault = Optional.empty();
    private volatile Optional<Object> answer = Optional.empty();
    private volatile CountDownLatch held = new CountDownLatch(0);
    private volatile CountDownLatch released = new CountDownLatch(0);

    Line(KubeApi server) {
      this.server = server;
    }

    KubeApi api() {
      return (KubeApi)
          Proxy.newProxyInstance(
              KubeApi.class.getClassLoader(),
              new Class<?>[] {KubeApi.class},
              (_, method, arguments) -> pass(method, arguments));
    }

    void fails(KubeException with) {
      fault = Optional.of(with);
    }

    void answers() {
      fault = Optional.empty();
    }

    /** The next answer. */
    void says(Object next) {
      answer = Optional.of(next);
    }

    void holds() {
      held = new CountDownLatch(1);
      released = new CountDownLatch(1);
    }

    void awaitHeld() throws InterruptedException {
      held.await();
    }

    void release() {
      released.countDown();
    }

    List<String> asked() {
      return List.copyOf(asked);
    }

    void forgetAsked() {
      asked.clear();
    }

    private Object pass(Method method, Object[] arguments) throws Throwable {
      asked.add(method.getName());
      held.countDown();
      released.await();
      if (fault.isPresent()) {
        throw fault.get();
      }
      if (answer.isPresent()) {
        Object given = answer.get();
        answer = Optional.empty();
        return given;
      }
      try {
        return method.invoke(server, arguments);
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }
  }
}
