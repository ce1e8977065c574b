package org.k3sjvm.kube.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
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
 * An API server in memory. It keeps objects with versions, serves watches, answers TokenRequests,
 * and can be told to fail. Thread-safe.
 */
public final class FakeKubeApi implements KubeApi {
  /** What a request does, for {@link #failNext} and {@link #requests}. */
  public enum Verb {
    GET,
    LIST,
    WATCH,
    CREATE,
    UPDATE,
    PATCH,
    PATCH_STATUS,
    DELETE,
    POST,
    GET_TEXT
  }

  /** A request that arrived, also one that failed. */
  public record Request(Verb verb, String subject) {}

  private final FakeCluster cluster;
  private final InstantSource clock;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<Verb, Deque<KubeException>> faults = new HashMap<>();

  @GuardedBy("lock")
  private final List<Request> requests = new ArrayList<>();

  @GuardedBy("lock")
  private final Map<String, Function<JsonNode, JsonNode>> answers = new HashMap<>();

  @GuardedBy("lock")
  private int tokens;

  @GuardedBy("lock")
  private int reconnects;

  public FakeKubeApi() {
    this(InstantSource.system());
  }

  public FakeKubeApi(InstantSource clock) {
    this.clock = clock;
    this.cluster = new FakeCluster(clock);
  }

  /** The objects themselves, and the switches for watches. */
  public FakeCluster cluster() {
    return cluster;
  }

  /** Lets the next request of that kind fail; several calls queue up. */
  public void failNext(Verb verb, KubeException fault) {
    synchronized (lock) {
      faults.computeIfAbsent(verb, _ -> new ArrayDeque<>()).add(fault);
    }
  }

  /** Answers posts to a path, such as a review. */
  public void answer(String path, Function<JsonNode, JsonNode> with) {
    synchronized (lock) {
      answers.put(path, with);
    }
  }

  /** Every request so far, in order. */
  public List<Request> requests() {
    synchronized (lock) {
      return List.copyOf(requests);
    }
  }

  /** How many requests of that kind have come for subjects that start with the text. */
  public long count(Verb verb, String subject) {
    return requests().stream()
        .filter(request -> request.verb() == verb && request.subject().startsWith(subject))
        .count();
  }

  /** How often {@link #reconnect} was called. */
  public int reconnects() {
    synchronized (lock) {
      return reconnects;
    }
  }

  @Override
  public <T extends HasMetadata> T get(Resource<T> resource, ObjectName name) {
    arrive(Verb.GET, resource + " " + name);
    return typed(resource, cluster.get(collection(resource), name));
  }

  @Override
  public <T extends HasMetadata> T getCached(Resource<T> resource, ObjectName name) {
    return get(resource, name);
  }

  @Override
  public <T extends HasMetadata> ObjectList<T> list(Resource<T> resource, ListRequest request) {
    arrive(Verb.LIST, resource.plural());
    long version = cluster.version();
    List<T> all =
        cluster.list(collection(resource), request.selection()).stream()
            .map(object -> typed(resource, object))
            .toList();
    int from = request.continueToken().isEmpty() ? 0 : Integer.parseInt(request.continueToken());
    boolean paged = request.limit() > 0 && !request.resourceVersion().equals("0");
    int to = paged ? Math.min(all.size(), from + request.limit()) : all.size();
    return new ObjectList<>(
        all.subList(from, to), Long.toString(version), to < all.size() ? Integer.toString(to) : "");
  }

  @Override
  public <T extends HasMetadata> Watch<T> watch(Resource<T> resource, WatchRequest request) {
    arrive(Verb.WATCH, resource.plural());
    FakeCluster.Watcher watcher =
        cluster.watch(collection(resource), request.selection(), request.resourceVersion());
    return new FakeWatch<>(resource, watcher);
  }

  @Override
  public <T extends HasMetadata> T create(Resource<T> resource, T object) {
    arrive(Verb.CREATE, resource.plural());
    return typed(resource, cluster.create(collection(resource), tree(resource, object)));
  }

  @Override
  public <T extends HasMetadata> T update(Resource<T> resource, T object) {
    arrive(Verb.UPDATE, resource + " " + ObjectName.of(object));
    return typed(resource, cluster.update(collection(resource), tree(resource, object)));
  }

  @Override
  public <T extends HasMetadata> T patch(Resource<T> resource, ObjectName name, Patch patch) {
    arrive(Verb.PATCH, resource + " " + name);
    return typed(resource, cluster.patch(collection(resource), name, patch));
  }

  @Override
  public <T extends HasMetadata> T patchStatus(Resource<T> resource, ObjectName name, Patch patch) {
    arrive(Verb.PATCH_STATUS, resource + " " + name);
    return typed(resource, cluster.patchStatus(collection(resource), name, patch));
  }

  @Override
  public <T extends HasMetadata> void delete(
      Resource<T> resource, ObjectName name, DeleteRequest request) {
    arrive(Verb.DELETE, resource + " " + name);
    cluster.delete(collection(resource), name, request);
  }

  @Override
  public JsonNode post(String path, JsonNode body) {
    arrive(Verb.POST, path);
    Optional<Function<JsonNode, JsonNode>> answer;
    synchronized (lock) {
      answer = Optional.ofNullable(answers.get(path));
    }
    if (answer.isPresent()) {
      return answer.get().apply(body.deepCopy());
    }
    if (path.endsWith("/token")) {
      return token(body);
    }
    throw new KubeException.NotFound("post to " + path, "the server could not find it");
  }

  @Override
  public String getText(String path) {
    arrive(Verb.GET_TEXT, path);
    return "ok";
  }

  @Override
  public void reconnect() {
    synchronized (lock) {
      reconnects++;
    }
    cluster.cutWatches();
  }

  private JsonNode token(JsonNode body) {
    ObjectNode answer = body.deepCopy();
    long seconds = body.at("/spec/expirationSeconds").asLong(3600);
    synchronized (lock) {
      answer
          .putObject("status")
          .put("token", "token-" + ++tokens)
          .put("expirationTimestamp", clock.instant().plus(Duration.ofSeconds(seconds)).toString());
    }
    return answer;
  }

  private void arrive(Verb verb, String subject) {
    synchronized (lock) {
      requests.add(new Request(verb, subject));
      Deque<KubeException> queue = faults.get(verb);
      if (queue != null && !queue.isEmpty()) {
        throw queue.remove();
      }
    }
  }

  private static String collection(Resource<?> resource) {
    return resource.apiVersion() + "/" + resource.plural();
  }

  private static ObjectNode tree(Resource<?> resource, HasMetadata object) {
    ObjectNode tree = KubeJson.tree(object);
    tree.put("apiVersion", resource.apiVersion());
    tree.put("kind", resource.kind());
    return tree;
  }

  private static <T extends HasMetadata> T typed(Resource<T> resource, ObjectNode object) {
    return KubeJson.treeTo(object, resource.type());
  }

  private final class FakeWatch<T extends HasMetadata> implements Watch<T> {
    private final Resource<T> resource;
    private final FakeCluster.Watcher watcher;

    FakeWatch(Resource<T> resource, FakeCluster.Watcher watcher) {
      this.resource = resource;
      this.watcher = watcher;
    }

    @Override
    public Optional<WatchEvent<T>> next() throws InterruptedException {
      return switch (watcher.signals().take()) {
        case FakeCluster.Signal.Changed(FakeCluster.Change change) -> Optional.of(event(change));
        case FakeCluster.Signal.Ended _ -> Optional.empty();
        case FakeCluster.Signal.Failed(KubeException fault) -> throw fault;
      };
    }

    @Override
    public void close() {
      cluster.close(watcher);
    }

    private WatchEvent<T> event(FakeCluster.Change change) {
      return switch (change.type()) {
        case "ADDED" -> new WatchEvent.Added<>(typed(resource, change.object()));
        case "MODIFIED" -> new WatchEvent.Modified<>(typed(resource, change.object()));
        case "DELETED" -> new WatchEvent.Deleted<>(typed(resource, change.object()));
        default -> new WatchEvent.Bookmark<>(Long.toString(change.version()));
      };
    }
  }

  /** Everything of a kind, for assertions. */
  public <T extends HasMetadata> List<T> stored(Resource<T> resource) {
    return cluster.list(collection(resource), Selection.ALL).stream()
        .map(object -> typed(resource, object))
        .toList();
  }
}
