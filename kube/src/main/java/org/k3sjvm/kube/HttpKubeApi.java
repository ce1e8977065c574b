package org.k3sjvm.kube;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import org.k3sjvm.base.pki.TlsContexts;
import org.k3sjvm.base.time.Sleeper;

/**
 * The API over HTTP. With HTTP/2, which API servers speak, every request and watch shares one
 * connection; with HTTP/1.1 each watch has its own.
 *
 * <p>The JDK lets a server send 16 MB per stream ahead of the reader: a small heap wants {@code
 * -Djdk.httpclient.windowsize}.
 */
public final class HttpKubeApi implements KubeApi, AutoCloseable {
  private static final long ERROR_BYTES = 64 << 10;

  /**
   * Each has a thread. Watches end within ten minutes, so that certificates of ten minutes leave
   * two of them.
   */
  private static final int MAX_DRAINING = 16;

  private static final Duration WATCH_SLACK = Duration.ofSeconds(30);

  private record Connection(HttpClient client, KubeCredentials credentials) {}

  private final KubeClientConfig config;
  private final Recovery recovery;
  private final GuardedBodies bodies = GuardedBodies.start();

  /** A request begins under the read lock, so that no client is shut down in between. */
  private final ReadWriteLock replacing = new ReentrantReadWriteLock();

  /** Oldest first; changed under the write lock. */
  private final Deque<HttpClient> draining = new ArrayDeque<>();

  private volatile Connection connection;

  /** A client that has no others beside it. */
  public HttpKubeApi(KubeCredentials credentials, KubeClientConfig config) {
    this(credentials, config, new Recovery());
  }

  /**
   * A client.
   *
   * @param recovery shared by the clients of the same servers
   */
  public HttpKubeApi(KubeCredentials credentials, KubeClientConfig config, Recovery recovery) {
    this.config = config;
    this.recovery = recovery;
    this.connection = connect(credentials);
  }

  /**
   * Uses other credentials from now on, over a new connection. What is under way, open watches too,
   * goes on over the old one to its end; the oldest of sixteen is cut.
   */
  public void use(KubeCredentials credentials) {
    replace(
        credentials,
        old -> {
          draining.removeIf(HttpClient::isTerminated);
          old.shutdown();
          draining.addLast(old);
          if (draining.size() > MAX_DRAINING) {
            draining.removeFirst().shutdownNow();
          }
        });
  }

  @Override
  public void reconnect() {
    replace(connection.credentials(), this::end);
    bodies.cutAll("the connection was given up");
  }

  @Override
  public Sleeper betweenTries() {
    return recovery;
  }

  @Override
  public void close() {
    bodies.close();
    replacing.writeLock().lock();
    try {
      end(connection.client());
    } finally {
      replacing.writeLock().unlock();
    }
  }

  private void end(HttpClient newest) {
    draining.forEach(HttpClient::shutdownNow);
    draining.clear();
    newest.shutdownNow();
  }

  private void replace(KubeCredentials credentials, Consumer<HttpClient> atOld) {
    Connection fresh = connect(credentials);
    replacing.writeLock().lock();
    try {
      HttpClient old = connection.client();
      connection = fresh;
      atOld.accept(old);
    } finally {
      replacing.writeLock().unlock();
    }
  }

  private Connection connect(KubeCredentials credentials) {
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_2)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(config.connectTimeout())
            .proxy(HttpClient.Builder.NO_PROXY)
            .executor(Executors.newVirtualThreadPerTaskExecutor());
    if (credentials.server().getScheme().equals("https")) {
      builder.sslContext(TlsContexts.of(credentials.trusted(), credentials.identity()));
    }
    return new Connection(builder.build(), credentials);
  }

  @Override
  public <T extends HasMetadata> T get(Resource<T> resource, ObjectName name)
      throws InterruptedException {
    return call(attempt("get", resource, name), "GET", resource.path(name), resource.type());
  }

  @Override
  public <T extends HasMetadata> T getCached(Resource<T> resource, ObjectName name)
      throws InterruptedException {
    String path = resource.path(name) + "?resourceVersion=0";
    return call(attempt("get", resource, name), "GET", path, resource.type());
  }

  @Override
  public <T extends HasMetadata> ObjectList<T> list(Resource<T> resource, ListRequest request)
      throws InterruptedException {
    Selection selection = request.selection();
    StringBuilder query = new StringBuilder();
    select(query, selection);
    parameter(query, "resourceVersion", request.resourceVersion());
    parameter(query, "limit", request.limit() > 0 ? Integer.toString(request.limit()) : "");
    parameter(query, "continue", request.continueToken());
    String attempt = "list " + resource + " " + describe(selection);
    HttpRequest http = request(resource.path(selection.namespace()) + query).GET().build();
    try (GuardedBody body = send(attempt, http, config.listBytes(), config.requestTimeout());
        JsonParser parser = KubeJson.mapper().createParser(body)) {
      return readList(parser, resource.type());
    } catch (IOException e) {
      throw Failures.of(attempt, e);
    }
  }

  @Override
  public <T extends HasMetadata> Watch<T> watch(Resource<T> resource, WatchRequest request)
      throws InterruptedException {
    Selection selection = request.selection();
    StringBuilder query = new StringBuilder();
    select(query, selection);
    parameter(query, "watch", "true");
    parameter(query, "allowWatchBookmarks", "true");
    parameter(query, "resourceVersion", request.resourceVersion());
    parameter(query, "timeoutSeconds", Long.toString(Math.max(1, request.duration().toSeconds())));
    String attempt = "watch " + resource + " " + describe(selection);
    HttpRequest http = request(resource.path(selection.namespace()) + query).GET().build();
    Duration atMost = request.duration().plus(WATCH_SLACK);
    GuardedBody body = send(attempt, http, config.objectBytes(), atMost);
    return new HttpWatch<>(attempt, resource.type(), body, atMost, config.objectBytes());
  }

  @Override
  public <T extends HasMetadata> T create(Resource<T> resource, T object)
      throws InterruptedException {
    String namespace = object.getMetadata().getNamespace();
    String attempt =
        "create " + resource + " " + Optional.ofNullable(object.getMetadata().getName()).orElse("");
    HttpRequest http =
        request(resource.path(namespace == null ? "" : namespace))
            .header("Content-Type", "application/json")
            .POST(json(object))
            .build();
    return answer(attempt, http, resource.type());
  }

  @Override
  public <T extends HasMetadata> T update(Resource<T> resource, T object)
      throws InterruptedException {
    ObjectName name = ObjectName.of(object);
    HttpRequest http =
        request(resource.path(name))
            .header("Content-Type", "application/json")
            .PUT(json(object))
            .build();
    return answer(attempt("update", resource, name), http, resource.type());
  }

  @Override
  public <T extends HasMetadata> T patch(Resource<T> resource, ObjectName name, Patch patch)
      throws InterruptedException {
    return patch(attempt("patch", resource, name), resource.path(name), patch, resource.type());
  }

  @Override
  public <T extends HasMetadata> T patchStatus(Resource<T> resource, ObjectName name, Patch patch)
      throws InterruptedException {
    return patch(
        attempt("patch the status of", resource, name),
        resource.path(name) + "/status",
        patch,
        resource.type());
  }

  @Override
  public <T extends HasMetadata> void delete(
      Resource<T> resource, ObjectName name, DeleteRequest request) throws InterruptedException {
    ObjectNode options = KubeJson.newObject().put("kind", "DeleteOptions").put("apiVersion", "v1");
    request.graceSeconds().ifPresent(grace -> options.put("gracePeriodSeconds", grace));
    request.uid().ifPresent(uid -> options.putObject("preconditions").put("uid", uid));
    HttpRequest http =
        request(resource.path(name))
            .header("Content-Type", "application/json")
            .method("DELETE", json(options))
            .build();
    answer(attempt("delete", resource, name), http, JsonNode.class);
  }

  @Override
  public JsonNode post(String path, JsonNode body) throws InterruptedException {
    HttpRequest http =
        request(path).header("Content-Type", "application/json").POST(json(body)).build();
    return answer("post to " + path, http, JsonNode.class);
  }

  @Override
  public String getText(String path) throws InterruptedException {
    String attempt = "get " + path;
    HttpRequest http = request(path).GET().build();
    try (GuardedBody body = send(attempt, http, config.objectBytes(), config.requestTimeout())) {
      return new String(body.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw Failures.of(attempt, e);
    }
  }

  private <T> T patch(String attempt, String path, Patch patch, Class<T> type)
      throws InterruptedException {
    HttpRequest http =
        request(path)
            .header("Content-Type", patch.contentType())
            .method("PATCH", json(patch.body()))
            .build();
    return answer(attempt, http, type);
  }

  private <T> T call(String attempt, String method, String path, Class<T> type)
      throws InterruptedException {
    HttpRequest http = request(path).method(method, BodyPublishers.noBody()).build();
    return answer(attempt, http, type);
  }

  private <T> T answer(String attempt, HttpRequest http, Class<T> type)
      throws InterruptedException {
    try (GuardedBody body = send(attempt, http, config.objectBytes(), config.requestTimeout())) {
      return KubeJson.mapper().readValue(body, type);
    } catch (IOException e) {
      throw Failures.of(attempt, e);
    }
  }

  private HttpRequest.Builder request(String pathAndQuery) {
    KubeCredentials credentials = connection.credentials();
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(URI.create(credentials.server() + pathAndQuery))
            .header("Accept", "application/json")
            .header("User-Agent", config.userAgent());
    credentials
        .token()
        .ifPresent(token -> builder.header("Authorization", "Bearer " + token.reveal()));
    return builder;
  }

  private GuardedBody send(String attempt, HttpRequest http, long bytes, Duration within)
      throws InterruptedException {
    try {
      GuardedBody body = sendOnce(attempt, http, bytes, within);
      recovery.answered();
      return body;
    } catch (KubeException.Unavailable e) {
      recovery.failed();
      throw e;
    }
  }

  private GuardedBody sendOnce(String attempt, HttpRequest http, long bytes, Duration within)
      throws InterruptedException {
    HttpResponse<InputStream> response = exchange(attempt, http);
    boolean success = response.statusCode() / 100 == 2;
    GuardedBody body =
        bodies.guard(
            response.body(),
            success ? bytes : ERROR_BYTES,
            success ? within : config.requestTimeout());
    if (!success) {
      try (body) {
        throw failure(attempt, response, body);
      }
    }
    return body;
  }

  /** Waits for the head of the answer; the time for the body is the guard's business. */
  private HttpResponse<InputStream> exchange(String attempt, HttpRequest http)
      throws InterruptedException {
    CompletableFuture<HttpResponse<InputStream>> answer = begin(http);
    boolean answered = false;
    try {
      HttpResponse<InputStream> response =
          answer.get(config.requestTimeout().toNanos(), TimeUnit.NANOSECONDS);
      answered = true;
      return response;
    } catch (TimeoutException e) {
      throw new KubeException.Unavailable(attempt, "the server did not answer in time", e);
    } catch (ExecutionException e) {
      throw Failures.of(
          attempt, e.getCause() instanceof IOException io ? io : new IOException(e.getCause()));
    } finally {
      if (!answered) {
        answer.cancel(true);
      }
    }
  }

  private CompletableFuture<HttpResponse<InputStream>> begin(HttpRequest http) {
    replacing.readLock().lock();
    try {
      return connection.client().sendAsync(http, BodyHandlers.ofInputStream());
    } finally {
      replacing.readLock().unlock();
    }
  }

  private static KubeException failure(
      String attempt, HttpResponse<InputStream> response, InputStream body)
      throws InterruptedException {
    Optional<Duration> retryAfter =
        response
            .headers()
            .firstValue("Retry-After")
            .filter(text -> text.matches("\\d{1,6}"))
            .map(text -> Duration.ofSeconds(Long.parseLong(text)));
    JsonNode status;
    try {
      String text = new String(body.readAllBytes(), StandardCharsets.UTF_8);
      status = text.startsWith("{") ? KubeJson.read(text, JsonNode.class) : plain(text);
    } catch (IOException e) {
      return Failures.of(attempt, e);
    } catch (IllegalArgumentException e) {
      status = plain("");
    }
    return Failures.ofStatus(attempt, response.statusCode(), status, retryAfter);
  }

  private static JsonNode plain(String text) {
    return KubeJson.newObject().put("message", text.strip());
  }

  static <T> ObjectList<T> readList(JsonParser parser, Class<T> type) throws IOException {
    List<T> items = new ArrayList<>();
    String version = "";
    String continueToken = "";
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw new IOException("the answer is not a list");
    }
    for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
      JsonToken value = parser.nextToken();
      if (field.equals("metadata")) {
        JsonNode metadata = KubeJson.mapper().readTree(parser);
        version = metadata.path("resourceVersion").asText("");
        continueToken = metadata.path("continue").asText("");
      } else if (field.equals("items") && value == JsonToken.START_ARRAY) {
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          if (parser.currentToken() == JsonToken.VALUE_NULL) {
            throw new IOException("an item of the list is null");
          }
          items.add(KubeJson.mapper().readValue(parser, type));
        }
      } else {
        parser.skipChildren();
      }
    }
    return new ObjectList<>(items, version, continueToken);
  }

  private static HttpRequest.BodyPublisher json(Object body) {
    return BodyPublishers.ofString(KubeJson.write(body));
  }

  private static void select(StringBuilder query, Selection selection) {
    parameter(query, "fieldSelector", selection.fieldSelector());
    parameter(query, "labelSelector", selection.labelSelector());
  }

  private static void parameter(StringBuilder query, String name, String value) {
    if (!value.isEmpty()) {
      query
          .append(query.isEmpty() ? '?' : '&')
          .append(name)
          .append('=')
          .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
    }
  }

  private static String attempt(String verb, Resource<?> resource, ObjectName name) {
    return verb + " " + resource + " " + name;
  }

  private static String describe(Selection selection) {
    return (selection.namespace()
            + " "
            + selection.fieldSelector()
            + " "
            + selection.labelSelector())
        .strip();
  }
}
