package org.k3sjvm.kube.memory;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
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
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.secret.Seal;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.ObjectList;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.kube.Watch;
import org.k3sjvm.kube.WatchRequest;
import org.k3sjvm.kube.testing.FakeKubeApi;

@Timeout(30)
class RememberingApiTest {
  private static final ObjectName WEB = new ObjectName("default", "web");
  private static final ObjectName DB = new ObjectName("default", "db");
  private static final String TOKENS_OF_WEB =
      "/api/v1/namespaces/default/serviceaccounts/web/token";

  private final KubeException unavailable =
      new KubeException.Unavailable("ask", "connection refused", null);
  private final ManualTime time = new ManualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final FakeKubeApi server = new FakeKubeApi(time);
  private final Line line = new Line(server);

  @TempDir Path directory;
  private ApiMemory memory;
  private Silence silence;
  private RememberingApi api;

  @BeforeEach
  void start() throws IOException {
    memory = ApiMemory.open(directory, new Seal("test", List.of("host key".getBytes(UTF_8))), time);
    silence = new Silence(time);
    api =
        new RememberingApi(
            line.api(), memory, Set.of(Resources.PODS, Resources.SECRETS), silence, time);
  }

  /** A power cut: what was said is written, nothing else is known any more. */
  private void restart() throws IOException {
    memory.writeChanges();
    start();
  }

  /** No server answers, and has not for long enough. */
  private void silent() {
    line.fails(unavailable);
    silence.assume();
    time.advance(Duration.ofSeconds(3)); // the memory answers alone for so long
  }

  @Test
  void oneFailureAmongAnswersIsNoSilence() throws Exception {
    create(pod("web"));
    api.get(Resources.PODS, WEB);
    line.fails(unavailable);

    assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(unavailable);
    time.advance(Duration.ofSeconds(9));
    assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(unavailable);
    time.advance(Duration.ofSeconds(1));
    assertThat(api.find(Resources.PODS, WEB)).isPresent();
    line.answers();
    assertThat(api.find(Resources.PODS, WEB)).isPresent();
    line.fails(unavailable);
    assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(unavailable);
  }

  @Test
  void aTokenIsNotRecalledOnceAServerHasAnswered() throws Exception {
    api.post(TOKENS_OF_WEB, tokenRequest("uid1", "api", 3600));
    silent();
    assertThatThrownBy(() -> api.post(TOKENS_OF_WEB, tokenRequest("uid1", "api", 3600)))
        .isSameAs(unavailable);
  }

  @Test
  void whatWasReadIsAnsweredWhileNoServerDoes() throws Exception {
    Pod pod = create(pod("web"));
    Secret secret = create(secret("web"));
    api.get(Resources.PODS, WEB);
    api.getCached(Resources.SECRETS, WEB);
    restart();
    silent();

    assertThat(api.get(Resources.PODS, WEB)).isEqualTo(pod);
    assertThat(api.getCached(Resources.PODS, WEB)).isEqualTo(pod);
    assertThat(api.find(Resources.PODS, WEB)).contains(pod);
    assertThat(api.get(Resources.SECRETS, WEB)).isEqualTo(secret);
  }

  @Test
  void whatWasNotReadIsUnavailable() throws Exception {
    create(pod("web"));
    create(pod("db"));
    api.get(Resources.PODS, WEB);
    silent();

    assertThatThrownBy(() -> api.get(Resources.PODS, DB)).isSameAs(unavailable);
    assertThatThrownBy(() -> api.get(Resources.SECRETS, WEB)).isSameAs(unavailable);
  }

  @Test
  void whatAServerSaysIsNotThereIsForgotten() throws Exception {
    create(pod("web"));
    api.get(Resources.PODS, WEB);
    restart();
    server.delete(Resources.PODS, WEB, DeleteRequest.DEFAULT);

    assertThatThrownBy(() -> api.get(Resources.PODS, WEB))
        .isInstanceOf(KubeException.NotFound.class);
    restart();
    silent();

    assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(unavailable);
  }

  @Test
  void aRefusalIsNeverAnsweredFromMemory() throws Exception {
    create(pod("web"));
    api.list(Resources.PODS, ListRequest.newest(Selection.ALL));
    api.get(Resources.PODS, WEB);
    api.post(TOKENS_OF_WEB, tokenRequest("uid1", "api", 3600));
    restart();

    for (KubeException refusal :
        List.of(
            new KubeException.Forbidden("ask", "not yours"),
            new KubeException.Unauthorized("ask", "who are you"),
            new KubeException.Throttled("ask", "slow", Duration.ZERO),
            new KubeException.Invalid("ask", "what"))) {
      line.fails(refusal);
      assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(refusal);
      assertThatThrownBy(() -> api.getCached(Resources.PODS, WEB)).isSameAs(refusal);
      assertThatThrownBy(() -> api.list(Resources.PODS, ListRequest.newest(Selection.ALL)))
          .isSameAs(refusal);
      assertThatThrownBy(() -> api.post(TOKENS_OF_WEB, tokenRequest("uid1", "api", 3600)))
          .isSameAs(refusal);
    }
    silent();
    assertThat(api.get(Resources.PODS, WEB)).as("a refusal forgets nothing").isNotNull();
  }

  @Test
  void otherResourcesAreNeverKept() throws Exception {
    Namespace namespace =
        server.create(
            Resources.NAMESPACES,
            new NamespaceBuilder().withNewMetadata().withName("a").endMetadata().build());
    ObjectName name = ObjectName.of(namespace);
    api.get(Resources.NAMESPACES, name);
    api.list(Resources.NAMESPACES, ListRequest.newest(Selection.ALL));
    try (Watch<Namespace> watch = api.watch(Resources.NAMESPACES, everything())) {
      watch.next();
    }
    restart();
    silent();

    assertThatThrownBy(() -> api.get(Resources.NAMESPACES, name)).isSameAs(unavailable);
    assertThatThrownBy(() -> api.getCached(Resources.NAMESPACES, name)).isSameAs(unavailable);
    assertThatThrownBy(() -> api.list(Resources.NAMESPACES, ListRequest.newest(Selection.ALL)))
        .isSameAs(unavailable);
    assertThat(memory.recallAll("namespaces")).isEmpty();
  }

  @Test
  void writesAreNeverAnsweredNorKept() {
    silent();
    Patch patch = new Patch.Merge(KubeJson.newObject());

    assertThatThrownBy(() -> api.create(Resources.PODS, pod("web"))).isSameAs(unavailable);
    assertThatThrownBy(() -> api.update(Resources.PODS, pod("web"))).isSameAs(unavailable);
    assertThatThrownBy(() -> api.patch(Resources.PODS, WEB, patch)).isSameAs(unavailable);
    assertThatThrownBy(() -> api.patchStatus(Resources.PODS, WEB, patch)).isSameAs(unavailable);
    assertThatThrownBy(() -> api.delete(Resources.PODS, WEB, DeleteRequest.DEFAULT))
        .isSameAs(unavailable);
    assertThatThrownBy(() -> api.watch(Resources.PODS, everything())).isSameAs(unavailable);
    assertThatThrownBy(() -> api.getText("/readyz")).isSameAs(unavailable);
    assertThat(memory.recallAll("pods")).isEmpty();
  }

  @Test
  void aListFromMemorySaysSo() throws Exception {
    create(pod("web"));
    create(pod("db"));
    assertThat(list(Selection.ALL).remembered()).isFalse();
    restart();
    silent();

    ObjectList<Pod> list = list(Selection.ALL);

    assertThat(list.remembered()).isTrue();
    assertThat(list.continueToken()).isEmpty();
    assertThat(names(list)).containsExactly("db", "web");
  }

  @Test
  void aListOfOneNameIsAnsweredWithThatOne() throws Exception {
    create(pod("web"));
    create(pod("db"));
    list(Selection.ALL);
    silent();

    assertThat(names(list(Selection.named(WEB)))).containsExactly("web");
    assertThatThrownBy(() -> list(Selection.named(new ObjectName("default", "cache"))))
        .isSameAs(unavailable);
  }

  @Test
  void aListOfOneNameForgetsThatOneAlone() throws Exception {
    create(pod("web"));
    create(pod("db"));
    list(Selection.ALL);
    server.delete(Resources.PODS, WEB, DeleteRequest.DEFAULT);

    list(Selection.named(WEB));
    list(Selection.named(DB));

    silent();
    assertThat(names(list(Selection.ALL))).containsExactly("db");
  }

  @Test
  void anEmptyMemoryIsNoEmptyList() throws Exception {
    list(Selection.ALL);
    restart();
    silent();

    assertThatThrownBy(() -> list(Selection.ALL)).isSameAs(unavailable);
  }

  @Test
  void aWholeListForgetsWhatIsGone() throws Exception {
    create(pod("web"));
    create(pod("db"));
    create(secret("web"));
    list(Selection.ALL);
    api.get(Resources.SECRETS, WEB);
    server.delete(Resources.PODS, WEB, DeleteRequest.DEFAULT);

    list(Selection.ALL);

    restart();
    silent();
    assertThat(names(list(Selection.ALL))).containsExactly("db");
    assertThat(api.get(Resources.SECRETS, WEB)).isNotNull();
  }

  @Test
  void aPageOfAListForgetsNothing() throws Exception {
    for (String name : List.of("a", "b", "c")) {
      create(pod(name));
    }
    list(Selection.ALL);

    ObjectList<Pod> first = api.list(Resources.PODS, new ListRequest(Selection.ALL, "", 2, ""));
    assertThat(names(first)).containsExactly("a", "b");
    ObjectList<Pod> last =
        api.list(Resources.PODS, new ListRequest(Selection.ALL, "", 2, first.continueToken()));
    assertThat(names(last)).containsExactly("c");

    silent();
    assertThat(names(list(Selection.ALL))).containsExactly("a", "b", "c");
  }

  @Test
  void anObjectWithoutANameCostsNothingElse() throws Exception {
    Pod nameless = new Pod();
    Pod empty = pod("");
    line.says(new ObjectList<>(List.of(nameless, empty, pod("web")), "5", ""));
    assertThat(list(Selection.ALL).items()).hasSize(3);

    silent();
    assertThat(names(list(Selection.ALL))).containsExactly("web");
  }

  @Test
  void theEventsOfAWatchAreKept() throws Exception {
    create(pod("web"));
    try (Watch<Pod> watch = api.watch(Resources.PODS, everything())) {
      watch.next();
      create(pod("db"));
      watch.next();
      server.patch(Resources.PODS, DB, label("tier", "back"));
      watch.next();
      server.delete(Resources.PODS, WEB, DeleteRequest.DEFAULT);
      watch.next();
      server.cluster().bookmark();
      watch.next();
    }
    restart();
    silent();

    assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(unavailable);
    assertThat(api.get(Resources.PODS, DB).getMetadata().getLabels()).containsEntry("tier", "back");
  }

  @Test
  void whatACallerDoesToItsObjectIsNotRemembered() throws Exception {
    create(pod("web"));
    Pod mine = api.get(Resources.PODS, WEB);
    mine.getSpec().setNodeName("another");
    restart();
    silent();

    Pod known = api.get(Resources.PODS, WEB);
    assertThat(known.getSpec().getNodeName()).isNull();
    known.getSpec().setNodeName("another");
    assertThat(api.get(Resources.PODS, WEB).getSpec().getNodeName()).isNull();
  }

  @Test
  void whatFitsTheClassNoLongerIsNoAnswer() {
    memory.keep(Key.of(Resources.PODS, WEB), "1", () -> "{\"spec\": 5}");
    memory.keep(Key.of(Resources.PODS, DB), "1", () -> "no JSON");
    silent();

    assertThatThrownBy(() -> api.get(Resources.PODS, WEB)).isSameAs(unavailable);
    assertThatThrownBy(() -> list(Selection.ALL)).isSameAs(unavailable);
  }

  @Test
  void aTokenIsRememberedForItsPodAudienceAndDuration() throws Exception {
    String first = token(tokenRequest("uid1", "api", 3600));
    String second = token(tokenRequest("uid1", "vault", 3600));
    String third = token(tokenRequest("uid1", "api", 600));
    String fourth = token(tokenRequest("uid2", "api", 3600));
    restart();
    silent();

    assertThat(token(tokenRequest("uid1", "api", 3600))).isEqualTo(first);
    assertThat(token(tokenRequest("uid1", "vault", 3600))).isEqualTo(second);
    assertThat(token(tokenRequest("uid1", "api", 600))).isEqualTo(third);
    assertThat(token(tokenRequest("uid2", "api", 3600))).isEqualTo(fourth);
    assertThat(List.of(first, second, third, fourth)).doesNotHaveDuplicates();
    assertThatThrownBy(() -> token(tokenRequest("uid3", "api", 3600))).isSameAs(unavailable);
    assertThatThrownBy(
            () ->
                api.post(
                    "/api/v1/namespaces/default/serviceaccounts/db/token",
                    tokenRequest("uid1", "api", 3600)))
        .isSameAs(unavailable);
  }

  @Test
  void aTokenIsWrittenAgainAfterTwelveHoursOnly() throws Exception {
    String first = token(tokenRequest("uid1", "api", 3600));
    memory.writeChanges();
    time.advance(Duration.ofHours(12).minusSeconds(1));
    assertThat(token(tokenRequest("uid1", "api", 3600))).isNotEqualTo(first);
    restart();
    assertThat(tokenWithoutServer()).isEqualTo(first);

    time.advance(Duration.ofSeconds(1));
    String later = token(tokenRequest("uid1", "api", 3600));
    restart();
    assertThat(tokenWithoutServer()).isEqualTo(later).isNotEqualTo(first);
  }

  @Test
  void aTokenThatIsBoundToNoPodIsNotKept() throws Exception {
    JsonNode unbound = KubeJson.read("{\"spec\":{\"audiences\":[\"api\"]}}", JsonNode.class);
    token(unbound);
    silent();

    assertThatThrownBy(() -> token(unbound)).isSameAs(unavailable);
    assertThat(memory.recallAll(Key.TOKENS)).isEmpty();
  }

  @Test
  void reviewsAreNeverAnsweredFromMemory() throws Exception {
    for (String path :
        List.of(
            "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            "/apis/authentication.k8s.io/v1/tokenreviews",
            "/api/v1/namespaces/default/pods/web/token",
            "/api/v1/namespaces/default/pods/web/eviction")) {
      JsonNode body = tokenRequest("uid1", "api", 3600);
      server.answer(path, review -> review);
      line.answers();
      api.post(path, body);
      silent();

      assertThatThrownBy(() -> api.post(path, body)).as(path).isSameAs(unavailable);
    }
    assertThat(memory.recallAll(Key.TOKENS)).isEmpty();
  }

  @Test
  void afterAFailureTheServerIsLeftAloneForThreeSeconds() throws Exception {
    rememberWebAndRestart();
    silent();

    api.get(Resources.PODS, WEB);
    assertThat(line.asked()).containsExactly("get");
    time.advance(Duration.ofMillis(2999));
    api.get(Resources.PODS, WEB);
    api.getCached(Resources.PODS, WEB);
    assertThat(list(Selection.ALL).remembered()).isTrue();
    token(tokenRequest("uid1", "api", 3600));
    assertThat(line.asked()).containsExactly("get");

    time.advance(Duration.ofMillis(1));
    api.getCached(Resources.PODS, WEB);
    assertThat(line.asked()).containsExactly("get", "getCached");
    api.get(Resources.PODS, WEB);
    assertThat(line.asked()).containsExactly("get", "getCached");
  }

  @Test
  void whatTheMemoryDoesNotKnowIsAskedAtOnce() throws Exception {
    rememberWebAndRestart();
    silent();
    api.get(Resources.PODS, WEB);

    assertThatThrownBy(() -> api.get(Resources.PODS, DB)).isSameAs(unavailable);

    assertThat(line.asked()).containsExactly("get", "get");
  }

  @Test
  void afterOneAnswerEveryQuestionGoesToTheServer() throws Exception {
    rememberWebAndRestart();
    silent();
    api.get(Resources.PODS, WEB);
    line.answers();
    time.advance(Duration.ofSeconds(3));

    api.get(Resources.PODS, WEB);
    assertThat(silence.lastAnswer()).contains(time.instant());
    api.get(Resources.PODS, WEB);
    silent();
    api.get(Resources.PODS, WEB);
    api.get(Resources.PODS, WEB);

    assertThat(line.asked()).containsExactly("get", "get", "get", "get", "get");
  }

  @Test
  void aRefusalIsAnAnswerToo() throws Exception {
    rememberWebAndRestart();
    silent();
    api.get(Resources.PODS, WEB);
    time.advance(Duration.ofSeconds(3));
    line.fails(new KubeException.Forbidden("ask", "not yours"));
    assertThatThrownBy(() -> api.get(Resources.PODS, WEB))
        .isInstanceOf(KubeException.Forbidden.class);

    line.answers();
    api.get(Resources.PODS, WEB);

    assertThat(line.asked()).hasSize(3);
  }

  @Test
  void aWatchThatOpensEndsTheSilence() throws Exception {
    rememberWebAndRestart();
    silent();
    api.get(Resources.PODS, WEB);
    line.answers();
    api.watch(Resources.PODS, everything()).close();

    api.get(Resources.PODS, WEB);

    assertThat(line.asked()).containsExactly("get", "watch", "get");
  }

  @Test
  void oneQuestionAtATimeTriesTheServer() throws Exception {
    rememberWebAndRestart();
    silent();
    api.get(Resources.PODS, WEB);
    time.advance(Duration.ofSeconds(3));
    line.holds();
    FutureTask<Pod> scout = new FutureTask<>(() -> api.get(Resources.PODS, WEB));
    Thread thread = Thread.ofVirtual().start(scout);
    line.awaitHeld();

    time.advance(Duration.ofMinutes(1));
    api.get(Resources.PODS, WEB);
    api.get(Resources.PODS, WEB);
    assertThat(line.asked()).containsExactly("get", "get");

    line.release();
    assertThat(scout.get().getMetadata().getName()).isEqualTo("web");
    thread.join();
    api.get(Resources.PODS, WEB);
    assertThat(line.asked()).containsExactly("get", "get");
  }

  @Test
  void aQuestionThatWasGivenUpLetsTheNextOneTry() throws Exception {
    rememberWebAndRestart();
    silent();
    api.get(Resources.PODS, WEB);
    time.advance(Duration.ofSeconds(3));
    line.holds();
    FutureTask<Pod> scout = new FutureTask<>(() -> api.get(Resources.PODS, WEB));
    Thread thread = Thread.ofVirtual().start(scout);
    line.awaitHeld();

    thread.interrupt();
    thread.join();
    assertThatThrownBy(scout::get).hasCauseInstanceOf(InterruptedException.class);
    assertThat(silence.lastAnswer()).isEmpty();
    line.release();
    api.get(Resources.PODS, WEB);

    assertThat(line.asked()).containsExactly("get", "get", "get");
  }

  @Test
  void aServerThatAnswersAtTheStartIsBelieved() throws Exception {
    create(pod("db"));
    rememberWebAndRestart();
    server.patch(Resources.PODS, WEB, label("tier", "front"));
    server.delete(Resources.PODS, DB, DeleteRequest.DEFAULT);

    ObjectList<Pod> list = list(Selection.ALL);

    assertThat(list.remembered()).isFalse();
    assertThat(names(list)).containsExactly("web");
    assertThat(api.get(Resources.PODS, WEB).getMetadata().getLabels())
        .containsEntry("tier", "front");
    assertThat(token(tokenRequest("uid1", "api", 3600))).isEqualTo("token-2");
    assertThat(line.asked()).containsExactly("list", "get", "post");
  }

  private void rememberWebAndRestart() throws Exception {
    create(pod("web"));
    list(Selection.ALL);
    token(tokenRequest("uid1", "api", 3600));
    restart();
    line.forgetAsked();
  }

  private String tokenWithoutServer() throws InterruptedException {
    silent();
    String token = token(tokenRequest("uid1", "api", 3600));
    line.answers();
    silence.answered();
    return token;
  }

  private String token(JsonNode request) throws InterruptedException {
    return api.post(TOKENS_OF_WEB, request).at("/status/token").asText();
  }

  private static JsonNode tokenRequest(String podUid, String audience, int seconds) {
    return KubeJson.read(
        """
        {"spec":{"audiences":["%s"],"expirationSeconds":%d,
         "boundObjectRef":{"kind":"Pod","name":"web","uid":"%s"}}}"""
            .formatted(audience, seconds, podUid),
        JsonNode.class);
  }

  private ObjectList<Pod> list(Selection selection) throws InterruptedException {
    return api.list(Resources.PODS, ListRequest.newest(selection));
  }

  private static List<String> names(ObjectList<? extends HasMetadata> list) {
    return list.items().stream().map(item -> item.getMetadata().getName()).toList();
  }

  private static WatchRequest everything() {
    return new WatchRequest(Selection.ALL, "0", Duration.ofMinutes(5));
  }

  private static Patch label(String name, String value) {
    return new Patch.Merge(
        KubeJson.read(
            "{\"metadata\":{\"labels\":{\"%s\":\"%s\"}}}".formatted(name, value), JsonNode.class));
  }

  private Pod create(Pod pod) {
    return server.create(Resources.PODS, pod);
  }

  private Secret create(Secret secret) {
    return server.create(Resources.SECRETS, secret);
  }

  private static Pod pod(String name) {
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

  private static Secret secret(String name) {
    return new SecretBuilder()
        .withNewMetadata()
        .withNamespace("default")
        .withName(name)
        .endMetadata()
        .addToData("key", "dmFsdWU=")
        .build();
  }

  /** The way to the server: it notes what is asked, and can be told to fail or to hold. */
  private static final class Line {
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
