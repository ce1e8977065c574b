package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.k3sjvm.http.Response;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.schema.Schema;
import org.k3sjvm.server.api.schema.Shape;
import org.k3sjvm.server.api.tree.Trees;

/**
 * OpenAPI v3 documents, made from the tables when asked for: the types without their descriptions,
 * and of the operations what clients look up ({@code fieldValidation} of PATCH).
 */
final class OpenApiDocs {
  private static final String GVK = "x-kubernetes-group-version-kind";

  private final String hash;

  /** The hash in the addresses changes with the program's version, so that clients ask anew. */
  OpenApiDocs(String version) {
    this.hash = Integer.toHexString(version.hashCode());
  }

  /** Answers {@code /openapi/v3…}; says whether it was such a path. */
  boolean answer(ApiRequest request, Response response) throws IOException {
    List<String> parts = request.http().segments();
    if (parts.size() < 2 || !parts.getFirst().equals("openapi") || !parts.get(1).equals("v3")) {
      return false;
    }
    if (parts.size() == 2) {
      Answers.json(response, 200, index());
      return true;
    }
    String apiVersion = String.join("/", parts.subList(3, parts.size()));
    if (!Kinds.apiVersions().contains(apiVersion)) {
      throw ApiException.noSuchPath();
    }
    Answers.json(response, 200, document(apiVersion));
    return true;
  }

  private static String path(String apiVersion) {
    return (apiVersion.contains("/") ? "apis/" : "api/") + apiVersion;
  }

  private ObjectNode index() {
    ObjectNode index = Trees.object();
    ObjectNode paths = index.putObject("paths");
    for (String apiVersion : Kinds.apiVersions()) {
      String path = path(apiVersion);
      paths.putObject(path).put("serverRelativeURL", "/openapi/v3/" + path + "?hash=" + hash);
    }
    return index;
  }

  private static ObjectNode document(String apiVersion) {
    ObjectNode document = Trees.object().put("openapi", "3.0.0");
    document.putObject("info").put("title", "Kubernetes").put("version", "unversioned");
    ObjectNode paths = document.putObject("paths");
    ObjectNode schemas = document.putObject("components").putObject("schemas");
    Deque<String> todo = new ArrayDeque<>();
    for (Kind kind : Kinds.all()) {
      if (kind.apiVersion().equals(apiVersion)) {
        operations(paths, kind);
        todo.add(kind.schema());
      }
    }
    Set<String> done = new HashSet<>();
    while (!todo.isEmpty()) {
      String name = todo.removeFirst();
      if (done.add(name)) {
        Schema.builtIn().type(name).ifPresent(type -> schemas.set(full(name), schema(type, todo)));
      }
    }
    for (Kind kind : Kinds.all()) {
      if (kind.apiVersion().equals(apiVersion)) {
        gvk(Trees.list(Trees.child(schemas, full(kind.schema())), GVK).addObject(), kind);
      }
    }
    return document;
  }

  private static void gvk(ObjectNode entry, Kind kind) {
    entry.put("group", kind.group()).put("kind", kind.kind()).put("version", kind.version());
  }

  private static void operations(ObjectNode paths, Kind kind) {
    String base =
        "/"
            + path(kind.apiVersion())
            + (kind.namespaced() ? "/namespaces/{namespace}/" : "/")
            + kind.plural();
    for (String verb : new String[] {"post", "put", "patch"}) {
      // PATCH stands here for virtual kinds too, though it is refused: kubectl looks there, and
      // only
      // there, to learn that the server checks fields at creation.
      if (kind.virtual() && verb.equals("put")) {
        continue;
      }
      ObjectNode path = Trees.child(paths, verb.equals("post") ? base : base + "/{name}");
      ObjectNode operation = path.putObject(verb);
      gvk(operation.putObject(GVK), kind);
      operation.put("x-kubernetes-action", verb);
      for (String name : new String[] {"dryRun", "fieldValidation"}) {
        Trees.list(operation, "parameters")
            .addObject()
            .put("name", name)
            .put("in", "query")
            .putObject("schema")
            .put("type", "string");
      }
      operation.putObject("responses").putObject("200").put("description", "OK");
    }
  }

  private static String full(String name) {
    return name.startsWith("meta.")
        ? "io.k8s.apimachinery.pkg.apis.meta.v1." + name.substring("meta.".length())
        : "io.k8s.api." + name;
  }

  private static ObjectNode schema(Schema.Type type, Deque<String> todo) {
    ObjectNode schema = Trees.object().put("type", "object");
    if (!type.open()) {
      ObjectNode properties = schema.putObject("properties");
      for (Map.Entry<String, Schema.Field> field : type.fields().entrySet()) {
        properties.set(field.getKey(), shape(field.getValue().shape(), todo));
        if (field.getValue().required()) {
          Trees.list(schema, "required").add(field.getKey());
        }
      }
    }
    return schema;
  }

  private static ObjectNode shape(Shape shape, Deque<String> todo) {
    ObjectNode schema = Trees.object();
    switch (shape) {
      case Shape.Text(), Shape.Amount() -> schema.put("type", "string");
      case Shape.Whole() -> schema.put("type", "integer");
      case Shape.Decimal() -> schema.put("type", "number");
      case Shape.Truth() -> schema.put("type", "boolean");
      case Shape.WholeOrText() -> schema.put("format", "int-or-string");
      case Shape.Any() -> schema.put("type", "object");
      case Shape.Ref(String name) -> {
        todo.add(name);
        schema.put("$ref", "#/components/schemas/" + full(name));
      }
      case Shape.ListOf list -> {
        schema.put("type", "array").set("items", shape(list.element(), todo));
        if (list.merge()) {
          schema.put("x-kubernetes-patch-strategy", "merge");
        }
        list.mergeKey().ifPresent(key -> schema.put("x-kubernetes-patch-merge-key", key));
      }
      case Shape.MapOf(Shape value) ->
          schema.put("type", "object").set("additionalProperties", shape(value, todo));
    }
    return schema;
  }
}
