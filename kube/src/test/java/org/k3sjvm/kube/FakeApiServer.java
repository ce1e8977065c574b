package org.k3sjvm.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.k3sjvm.kube.testing.FakeKubeApi;

/** The fake behind real HTTP on loopback, so that the client's contract is checked on the wire. */
final class FakeApiServer implements AutoCloseable {
  private final FakeKubeApi api;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  FakeApiServer(FakeKubeApi api) throws IOException {
    this.api = api;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private record Target(
      Resource<GenericKubernetesResource> resource, String namespace, String name, String sub) {
    ObjectName objectName() {
      return new ObjectName(namespace, name);
    }
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      try {
        answer(exchange);
      } catch (KubeException e) {
        send(exchange, code(e), status(e));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void answer(HttpExchange exchange) throws IOException, InterruptedException {
    String path = exchange.getRequestURI().getPath();
    Map<String, String> query = query(exchange.getRequestURI());
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    if (path.equals("/version")) {
      exchange.sendResponseHeaders(200, 0);
      exchange.getResponseBody().write(api.getText(path).getBytes(StandardCharsets.UTF_8));
      return;
    }
    Target target = target(path);
    switch (exchange.getRequestMethod()) {
      case "GET" -> {
        if (!target.name().isEmpty()) {
          send(exchange, 200, KubeJson.tree(api.get(target.resource(), target.objectName())));
        } else if (query.containsKey("watch")) {
          watch(exchange, target, query);
        } else {
          send(exchange, 200, list(target, query));
        }
      }
      case "POST" -> {
        if (!target.sub().isEmpty()) {
          send(exchange, 201, api.post(path, KubeJson.read(body, JsonNode.class)));
        } else {
          send(exchange, 201, KubeJson.tree(api.create(target.resource(), object(body))));
        }
      }
      case "PUT" -> send(exchange, 200, KubeJson.tree(api.update(target.resource(), object(body))));
      case "PATCH" -> {
        Patch patch = patch(exchange, KubeJson.read(body, JsonNode.class));
        HasMetadata result =
            target.sub().equals("status")
                ? api.patchStatus(target.resource(), target.objectName(), patch)
                : api.patch(target.resource(), target.objectName(), patch);
        send(exchange, 200, KubeJson.tree(result));
      }
      case "DELETE" -> {
        JsonNode options = KubeJson.read(body, JsonNode.class);
        JsonNode grace = options.path("gracePeriodSeconds");
        JsonNode uid = options.at("/preconditions/uid");
        api.delete(
            target.resource(),
            target.objectName(),
            new DeleteRequest(
                grace.isNumber() ? Optional.of(grace.asLong()) : Optional.empty(),
                uid.isTextual() ? Optional.of(uid.asText()) : Optional.empty()));
        send(exchange, 200, KubeJson.newObject().put("kind", "Status"));
      }
      default -> exchange.sendResponseHeaders(405, -1);
    }
  }

  private ObjectNode list(Target target, Map<String, String> query) {
    ObjectList<GenericKubernetesResource> page =
        api.list(
            target.resource(),
            new ListRequest(
                selection(target, query),
                query.getOrDefault("resourceVersion", ""),
                Integer.parseInt(query.getOrDefault("limit", "0")),
                query.getOrDefault("continue", "")));
    ObjectNode answer = KubeJson.newObject();
    ArrayNode items = answer.putArray("items");
    page.items().forEach(item -> items.add(KubeJson.tree(item)));
    answer
        .putObject("metadata")
        .put("resourceVersion", page.resourceVersion())
        .put("continue", page.continueToken());
    return answer;
  }

  private void watch(HttpExchange exchange, Target target, Map<String, String> query)
      throws IOException, InterruptedException {
    try (Watch<GenericKubernetesResource> watch =
        api.watch(
            target.resource(),
            new WatchRequest(
                selection(target, query),
                query.getOrDefault("resourceVersion", ""),
                Duration.ofSeconds(Long.parseLong(query.getOrDefault("timeoutSeconds", "1")))))) {
      exchange.sendResponseHeaders(200, 0);
      OutputStream out = exchange.getResponseBody();
      out.flush();
      for (Optional<WatchEvent<GenericKubernetesResource>> event = watch.next();
          event.isPresent();
          event = watch.next()) {
        write(out, event.get());
      }
    } catch (KubeException.Gone e) {
      if (exchange.getResponseCode() != 200) {
        throw e;
      }
      ObjectNode line = KubeJson.newObject().put("type", "ERROR");
      line.set("object", status(e));
      exchange.getResponseBody().write(line.toString().getBytes(StandardCharsets.UTF_8));
    } catch (KubeException e) {
      if (exchange.getResponseCode() != 200) {
        throw e;
      }
      // cut the connection in the middle of an event, as a dying server does
      exchange.getResponseBody().write("{\"type\":".getBytes(StandardCharsets.UTF_8));
    }
  }

  private static void write(OutputStream out, WatchEvent<GenericKubernetesResource> event)
      throws IOException {
    ObjectNode line = KubeJson.newObject();
    switch (event) {
      case WatchEvent.Added<GenericKubernetesResource>(var object) ->
          line.put("type", "ADDED").set("object", KubeJson.tree(object));
      case WatchEvent.Modified<GenericKubernetesResource>(var object) ->
          line.put("type", "MODIFIED").set("object", KubeJson.tree(object));
      case WatchEvent.Deleted<GenericKubernetesResource>(var object) -> {
        line.set("object", KubeJson.tree(object));
        line.put("type", "DELETED"); // behind the object: JSON has no order
      }
      case WatchEvent.Bookmark<GenericKubernetesResource>(String version) ->
          line.put("type", "BOOKMARK")
              .putObject("object")
              .putObject("metadata")
              .put("resourceVersion", version);
    }
    out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private static Patch patch(HttpExchange exchange, JsonNode body) {
    return switch (exchange.getRequestHeaders().getFirst("Content-Type")) {
      case "application/strategic-merge-patch+json" -> new Patch.Strategic(body);
      case "application/merge-patch+json" -> new Patch.Merge(body);
      default -> new Patch.Json(body);
    };
  }

  private static Selection selection(Target target, Map<String, String> query) {
    return new Selection(
        target.namespace(),
        query.getOrDefault("fieldSelector", ""),
        query.getOrDefault("labelSelector", ""));
  }

  private static Target target(String path) {
    List<String> parts = List.of(path.substring(1).split("/", -1));
    boolean core = parts.getFirst().equals("api");
    String apiVersion = core ? parts.get(1) : parts.get(1) + "/" + parts.get(2);
    List<String> rest = parts.subList(core ? 2 : 3, parts.size());
    boolean namespaced = rest.getFirst().equals("namespaces") && rest.size() > 2;
    String namespace = namespaced ? rest.get(1) : "";
    List<String> object = rest.subList(namespaced ? 2 : 0, rest.size());
    return new Target(
        new Resource<>(
            apiVersion,
            object.getFirst(),
            kind(object.getFirst()),
            GenericKubernetesResource.class,
            namespaced),
        namespace,
        object.size() > 1 ? object.get(1) : "",
        object.size() > 2 ? object.get(2) : "");
  }

  private static String kind(String plural) {
    String singular = plural.substring(0, plural.length() - 1);
    return singular.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + singular.substring(1);
  }

  private static GenericKubernetesResource object(String body) {
    return KubeJson.read(body, GenericKubernetesResource.class);
  }

  private static Map<String, String> query(URI uri) {
    Map<String, String> query = new HashMap<>();
    if (uri.getRawQuery() != null) {
      for (String pair : uri.getRawQuery().split("&", -1)) {
        int at = pair.indexOf('=');
        query.put(
            pair.substring(0, at),
            URLDecoder.decode(pair.substring(at + 1), StandardCharsets.UTF_8));
      }
    }
    return query;
  }

  private static void send(HttpExchange exchange, int code, JsonNode body) throws IOException {
    byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(code, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private static ObjectNode status(KubeException e) {
    ObjectNode status =
        KubeJson.newObject()
            .put("kind", "Status")
            .put("code", code(e))
            .put("reason", e.getClass().getSimpleName())
            .put("message", e.statusMessage());
    if (e instanceof KubeException.Throttled throttled) {
      status.putObject("details").put("retryAfterSeconds", throttled.retryAfter().toSeconds());
    }
    return status;
  }

  private static int code(KubeException e) {
    return switch (e) {
      case KubeException.NotFound _ -> 404;
      case KubeException.AlreadyExists _, KubeException.Conflict _ -> 409;
      case KubeException.Gone _ -> 410;
      case KubeException.Forbidden _ -> 403;
      case KubeException.Unauthorized _ -> 401;
      case KubeException.Invalid _ -> 422;
      case KubeException.Throttled _ -> 429;
      case KubeException.Unavailable _ -> 503;
    };
  }
}
