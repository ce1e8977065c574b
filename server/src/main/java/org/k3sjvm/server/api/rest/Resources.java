package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.InstantSource;
import java.util.function.UnaryOperator;
import org.k3sjvm.http.Request;
import org.k3sjvm.http.Response;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.access.User;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.patch.Patch;
import org.k3sjvm.server.api.registry.DeleteOptions;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.registry.Target;
import org.k3sjvm.server.api.registry.Target.FieldValidation;
import org.k3sjvm.server.api.schema.Schema;
import org.k3sjvm.server.api.select.Selection;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/** The verbs on stored objects. */
final class Resources {
  private static final String PATCH_TYPES =
      "application/json-patch+json, application/merge-patch+json,"
          + " application/strategic-merge-patch+json";

  private final Registry registry;
  private final InstantSource clock;
  private final Lists lists;
  private final Watches watches;

  Resources(Registry registry, InstantSource clock) {
    this.registry = registry;
    this.clock = clock;
    this.lists = new Lists(registry.store(), clock);
    this.watches = new Watches(registry.store(), clock);
  }

  static Target target(ApiRequest request, Kind kind, User user) {
    FieldValidation validation =
        request.parameter("fieldValidation").equals("Strict")
            ? FieldValidation.STRICT
            : FieldValidation.IGNORE;
    boolean dryRun = request.http().query().all("dryRun").contains("All");
    return new Target(user, kind, request.namespace(), request.subresource(), validation, dryRun);
  }

  void handle(ApiRequest request, Kind kind, User user, Response response)
      throws IOException, InterruptedException {
    Target target = target(request, kind, user);
    switch (request.verb()) {
      case "get" -> get(request, kind, response);
      case "list" -> lists.list(request, kind, response);
      case "watch" -> watches.watch(request, kind, response);
      case "create" -> {
        if (!request.name().isEmpty()) {
          throw ApiException.methodNotAllowed();
        }
        ObjectNode made = registry.create(target, Bodies.object(request.http()));
        Answers.object(request, response, 201, kind, made, clock.instant());
      }
      case "update" -> {
        ObjectNode body = Bodies.object(request.http());
        change(request, target, response, _ -> body.deepCopy());
      }
      case "patch" -> {
        Patch patch = patch(request.http(), kind.schema());
        change(request, target, response, patch::apply);
      }
      case "delete" -> delete(request, target, response);
      case "deletecollection" -> deleteAll(request, target, response);
      default -> throw ApiException.methodNotAllowed();
    }
  }

  private void get(ApiRequest request, Kind kind, Response response) throws IOException {
    byte[] value = registry.get(kind, request.namespace(), request.name()).value();
    if (Form.of(request.http()) == Form.PLAIN) {
      Answers.json(response, 200, value);
    } else {
      Answers.object(request, response, 200, kind, Trees.parse(value), clock.instant());
    }
  }

  private void change(
      ApiRequest request, Target target, Response response, UnaryOperator<ObjectNode> change)
      throws IOException {
    ObjectNode now = registry.update(target, request.name(), change);
    Answers.object(request, response, 200, target.kind(), now, clock.instant());
  }

  /** Reads a patch for a type of the schema. */
  static Patch patch(Request request, String schema) throws IOException {
    String type = Bodies.mediaType(request);
    return switch (type) {
      case "application/json-patch+json" -> {
        if (Bodies.tree(request.bodyBytes()) instanceof ArrayNode operations) {
          yield new Patch.Json(operations);
        }
        throw ApiException.badRequest("a JSON patch is a list of operations");
      }
      case "application/merge-patch+json" -> new Patch.Merge(patchObject(request));
      case "application/strategic-merge-patch+json" ->
          new Patch.Strategic(Schema.builtIn(), schema, patchObject(request));
      default -> throw ApiException.unsupportedMediaType(type, PATCH_TYPES);
    };
  }

  private static ObjectNode patchObject(Request request) throws IOException {
    if (Bodies.tree(request.bodyBytes()) instanceof ObjectNode object) {
      return object;
    }
    throw ApiException.badRequest("the patch is no JSON object");
  }

  static DeleteOptions deleteOptions(ApiRequest request) throws IOException {
    ObjectNode body = Bodies.optional(request.http());
    for (String name : new String[] {"propagationPolicy", "orphanDependents"}) {
      if (request.http().query().has(name)) {
        body.put(name, request.parameter(name));
      }
    }
    if (request.http().query().has("gracePeriodSeconds")) {
      try {
        body.put("gracePeriodSeconds", Long.parseLong(request.parameter("gracePeriodSeconds")));
      } catch (NumberFormatException e) {
        throw ApiException.badRequest("gracePeriodSeconds is no number");
      }
    }
    return DeleteOptions.read(body);
  }

  private void delete(ApiRequest request, Target target, Response response) throws IOException {
    DeleteOptions options = deleteOptions(request);
    Registry.Deleted deleted = registry.delete(target, request.name(), options);
    boolean status = deleted.gone() && !target.kind().equals(Kinds.POD);
    Answers.json(
        response,
        200,
        status ? Answers.success(target.kind(), deleted.object()) : deleted.object());
  }

  private void deleteAll(ApiRequest request, Target target, Response response) throws IOException {
    DeleteOptions options = deleteOptions(request);
    Selection selection = Lists.selection(request);
    Kind kind = target.kind();
    ObjectNode list = Trees.object().put("kind", kind.kind() + "List");
    list.put("apiVersion", kind.apiVersion()).putObject("metadata");
    ArrayNode items = list.putArray("items");
    for (ObjectNode object : registry.list(kind, request.namespace(), selection)) {
      Target one =
          new Target(
              target.user(),
              kind,
              Meta.namespace(object),
              "",
              target.validation(),
              target.dryRun());
      try {
        items.add(registry.delete(one, Meta.name(object), options).object());
      } catch (ApiException e) {
        if (e.code() != 404) {
          throw e;
        }
      }
    }
    Answers.json(response, 200, list);
  }
}
