package org.k3sjvm.kube.memory;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.ObjectList;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.kube.Watch;
import org.k3sjvm.kube.WatchEvent;
import org.k3sjvm.kube.WatchRequest;

/**
 * The API of another client, which also answers while no server does: reads of some resources, and
 * requests for service account tokens, get the answer of last time. Nothing else is ever answered
 * from memory, so reviews of who may do what fail as they did.
 *
 * <p>What is remembered of a list holds for everybody who lists that resource through any client of
 * the same memory; it is answered only when at least one object is remembered.
 */
public final class RememberingApi implements KubeApi {
  private static final String TOKEN_PATH = "/api/v1/namespaces/";
  private static final String TOKEN_ENDING = "/token";

  /** A token is written again when the one on disk was made so long ago: it spares flash disks. */
  private static final Duration TOKEN_REWRITE = Duration.ofHours(12);

  private final KubeApi api;
  private final ApiMemory memory;
  private final Set<Resource<?>> resources;
  private final Silence silence;
  private final InstantSource clock;

  /**
   * A client.
   *
   * @param resources of which everything is kept that anybody reads or lists
   * @param silence shared by the clients of one server
   */
  public RememberingApi(
      KubeApi api,
      ApiMemory memory,
      Set<Resource<?>> resources,
      Silence silence,
      InstantSource clock) {
    this.api = api;
    this.memory = memory;
    this.resources = Set.copyOf(resources);
    this.silence = silence;
    this.clock = clock;
  }

  @Override
  public <T extends HasMetadata> T get(Resource<T> resource, ObjectName name)
      throws InterruptedException {
    return read(resource, name, () -> api.get(resource, name));
  }

  @Override
  public <T extends HasMetadata> T getCached(Resource<T> resource, ObjectName name)
      throws InterruptedException {
    return read(resource, name, () -> api.getCached(resource, name));
  }

  @Override
  public <T extends HasMetadata> ObjectList<T> list(Resource<T> resource, ListRequest request)
      throws InterruptedException {
    if (!resources.contains(resource)) {
      return api.list(resource, request);
    }
    Set<Key> before = memory.keys(); // what comes meanwhile by a watch is not gone
    return answer(
        () -> api.list(resource, request),
        page -> keep(resource, request, page, before),
        () ->
            request.orRemembered() ? recallList(resource, request.selection()) : Optional.empty());
  }

  @Override
  public <T extends HasMetadata> Watch<T> watch(Resource<T> resource, WatchRequest request)
      throws InterruptedException {
    Watch<T> watch = api.watch(resource, request);
    silence.answered();
    return resources.contains(resource) ? new KeepingWatch<>(resource, watch) : watch;
  }

  @Override
  public <T extends HasMetadata> T create(Resource<T> resource, T object)
      throws InterruptedException {
    return api.create(resource, object);
  }

  @Override
  public <T extends HasMetadata> T update(Resource<T> resource, T object)
      throws InterruptedException {
    return api.update(resource, object);
  }

  @Override
  public <T extends HasMetadata> T patch(Resource<T> resource, ObjectName name, Patch patch)
      throws InterruptedException {
    return api.patch(resource, name, patch);
  }

  @Override
  public <T extends HasMetadata> T patchStatus(Resource<T> resource, ObjectName name, Patch patch)
      throws InterruptedException {
    return api.patchStatus(resource, name, patch);
  }

  @Override
  public <T extends HasMetadata> void delete(
      Resource<T> resource, ObjectName name, DeleteRequest request) throws InterruptedException {
    api.delete(resource, name, request);
  }

  @Override
  public JsonNode post(String path, JsonNode body) throws InterruptedException {
    Optional<Key> token = tokenKey(path, body);
    if (token.isEmpty()) {
      return api.post(path, body);
    }
    return answer(
        () -> api.post(path, body),
        answer -> keepToken(token.get(), answer),
        () -> silence.lastsSinceTheStart() ? recallToken(token.get()) : Optional.empty());
  }

  @Override
  public String getText(String path) throws InterruptedException {
    return api.getText(path);
  }

  @Override
  public void reconnect() {
    api.reconnect();
  }

  @Override
  public Sleeper betweenTries() {
    return api.betweenTries();
  }

  private interface Question<T> {
    T ask() throws InterruptedException;
  }

  private <T extends HasMetadata> T read(
      Resource<T> resource, ObjectName name, Question<T> question) throws InterruptedException {
    if (!resources.contains(resource)) {
      return question.ask();
    }
    Key key = Key.of(resource, name);
    try {
      return answer(question, object -> keep(resource, object), () -> recall(resource, key));
    } catch (KubeException.NotFound e) {
      memory.forget(key);
      throw e;
    }
  }

  private <A> A answer(Question<A> question, Consumer<A> keeper, Supplier<Optional<A>> recollection)
      throws InterruptedException {
    if (silence.isLikely()) {
      Optional<A> known = recollection.get();
      if (known.isPresent()) {
        return known.get();
      }
    }
    try {
      A answer = question.ask();
      silence.answered();
      keeper.accept(answer);
      return answer;
    } catch (KubeException.Unavailable e) {
      silence.failed();
      if (!silence.lasts()) {
        throw e;
      }
      return recollection.get().orElseThrow(() -> e);
    } catch (KubeException.Unauthorized | KubeException.Forbidden e) {
      silence.refused();
      throw e;
    } catch (KubeException e) {
      silence.answered();
      throw e;
    } catch (InterruptedException | RuntimeException e) {
      silence.givenUp();
      throw e;
    }
  }

  private void keep(Resource<?> resource, HasMetadata object) {
    keyOf(resource, object)
        .ifPresent(key -> memory.keep(key, Fingerprint.of(object), () -> KubeJson.write(object)));
  }

  /** Empty for an object without a name, which no API server sends. */
  private static Optional<Key> keyOf(Resource<?> resource, HasMetadata object) {
    ObjectMeta meta = object.getMetadata();
    return meta == null || meta.getName() == null || meta.getName().isEmpty()
        ? Optional.empty()
        : Optional.of(Key.of(resource, ObjectName.of(object)));
  }

  /** A list of everything also shows what is gone. */
  private <T extends HasMetadata> void keep(
      Resource<T> resource, ListRequest request, ObjectList<T> page, Set<Key> before) {
    page.items().forEach(item -> keep(resource, item));
    boolean whole = request.continueToken().isEmpty() && page.continueToken().isEmpty();
    Optional<String> one = nameIn(request.selection());
    if (!whole) {
      return;
    }
    if (one.isPresent()) {
      if (page.items().isEmpty()) {
        memory.forget(Key.of(resource, new ObjectName(request.selection().namespace(), one.get())));
      }
      return;
    }
    Set<Key> present = new HashSet<>();
    page.items().forEach(item -> keyOf(resource, item).ifPresent(present::add));
    memory.retain(
        key ->
            !before.contains(key)
                || !key.kind().equals(resource.plural())
                || present.contains(key));
  }

  private <T extends HasMetadata> Optional<T> recall(Resource<T> resource, Key key) {
    return memory.recall(key).flatMap(json -> parse(json, resource.type()));
  }

  private <T extends HasMetadata> Optional<ObjectList<T>> recallList(
      Resource<T> resource, Selection selection) {
    Optional<String> one = nameIn(selection);
    List<T> known =
        one.isPresent()
            ? recall(resource, Key.of(resource, new ObjectName(selection.namespace(), one.get())))
                .stream()
                .toList()
            : memory.recallAll(resource.plural()).stream()
                .flatMap(json -> parse(json, resource.type()).stream())
                .toList();
    return known.isEmpty() ? Optional.empty() : Optional.of(new ObjectList<>(known, "", "", true));
  }

  private static <T> Optional<T> parse(String json, Class<T> type) {
    try {
      return Optional.of(KubeJson.read(json, type));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The one name that a selection asks for. */
  private static Optional<String> nameIn(Selection selection) {
    String prefix = "metadata.name=";
    return selection.fieldSelector().startsWith(prefix)
        ? Optional.of(selection.fieldSelector().substring(prefix.length()))
        : Optional.empty();
  }

  /** Only tokens that are bound to a pod, which is when they end. */
  private static Optional<Key> tokenKey(String path, JsonNode body) {
    String uid = body.at("/spec/boundObjectRef/uid").asText();
    String[] parts = path.split("/", -1);
    boolean isToken =
        path.startsWith(TOKEN_PATH)
            && path.endsWith(TOKEN_ENDING)
            && parts.length == 8
            && parts[5].equals("serviceaccounts");
    if (!isToken || uid.isEmpty()) {
      return Optional.empty();
    }
    String wish = body.at("/spec/audiences") + " " + body.at("/spec/expirationSeconds").asText();
    return Optional.of(
        new Key(
            Key.TOKENS,
            new ObjectName(parts[4], parts[6]),
            (uid + " " + wish).replaceAll("\\p{Cntrl}", "?")));
  }

  private void keepToken(Key key, JsonNode answer) {
    boolean recent =
        memory
            .fingerprint(key)
            .flatMap(RememberingApi::instant)
            .filter(made -> made.plus(TOKEN_REWRITE).isAfter(clock.instant()))
            .isPresent();
    if (!recent) {
      memory.keep(key, clock.instant().toString(), answer::toString);
    }
  }

  private static Optional<Instant> instant(String text) {
    try {
      return Optional.of(Instant.parse(text));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  private Optional<JsonNode> recallToken(Key key) {
    return memory.recall(key).flatMap(json -> parse(json, JsonNode.class));
  }

  private final class KeepingWatch<T extends HasMetadata> implements Watch<T> {
    private final Resource<T> resource;
    private final Watch<T> watch;

    KeepingWatch(Resource<T> resource, Watch<T> watch) {
      this.resource = resource;
      this.watch = watch;
    }

    @Override
    public Optional<WatchEvent<T>> next() throws InterruptedException {
      Optional<WatchEvent<T>> event = watch.next();
      if (event.isPresent()) {
        switch (event.get()) {
          case WatchEvent.Added<T>(T object) -> keep(resource, object);
          case WatchEvent.Modified<T>(T object) -> keep(resource, object);
          case WatchEvent.Deleted<T>(T object) -> keyOf(resource, object).ifPresent(memory::forget);
          case WatchEvent.Bookmark<T> _ -> {}
        }
      }
      return event;
    }

    @Override
    public void close() {
      watch.close();
    }
  }
}
