package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Map;
import org.k3sjvm.http.Response;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.access.User;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.patch.Patch;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.registry.Target;
import org.k3sjvm.server.api.select.Selection;
import org.k3sjvm.server.api.tree.Trees;

/**
 * {@code events.k8s.io/v1}: the same events as in the core group under other field names. Offers
 * what reporters use, and reading; watching is left to the core group. Source:
 * pkg/apis/events/v1/conversion.go.
 */
final class NewerEvents {
  /** Newer name to core name. */
  private static final Map<String, String> NAMES =
      Map.of(
          "note", "message",
          "regarding", "involvedObject",
          "reportingController", "reportingComponent",
          "deprecatedSource", "source",
          "deprecatedFirstTimestamp", "firstTimestamp",
          "deprecatedLastTimestamp", "lastTimestamp",
          "deprecatedCount", "count");

  private final Registry registry;

  NewerEvents(Registry registry) {
    this.registry = registry;
  }

  void handle(ApiRequest request, User user, Response response) throws IOException {
    Target target = Resources.target(request, Kinds.EVENT, user);
    switch (request.verb()) {
      case "create" ->
          Answers.json(
              response, 201, newer(registry.create(target, core(Bodies.object(request.http())))));
      case "update" -> {
        ObjectNode body = core(Bodies.object(request.http()));
        Answers.json(
            response, 200, newer(registry.update(target, request.name(), _ -> body.deepCopy())));
      }
      case "patch" -> {
        Patch patch = Resources.patch(request.http(), Kinds.NEWER_EVENT.schema());
        Answers.json(
            response,
            200,
            newer(
                registry.update(target, request.name(), event -> core(patch.apply(newer(event))))));
      }
      case "get" ->
          Answers.json(
              response,
              200,
              newer(
                  Trees.parse(
                      registry.get(Kinds.EVENT, request.namespace(), request.name()).value())));
      case "list" -> {
        ObjectNode list = Trees.object().put("kind", "EventList");
        list.put("apiVersion", Kinds.NEWER_EVENT.apiVersion());
        list.putObject("metadata")
            .put("resourceVersion", Long.toString(registry.store().revision()));
        ArrayNode items = list.putArray("items");
        registry
            .list(Kinds.EVENT, request.namespace(), Selection.ALL)
            .forEach(event -> items.add(newer(event)));
        Answers.json(response, 200, list);
      }
      default -> throw ApiException.methodNotAllowed();
    }
  }

  static ObjectNode core(ObjectNode newer) {
    ObjectNode event = newer.deepCopy();
    NAMES.forEach((from, to) -> rename(event, from, to));
    return event.put("apiVersion", Kinds.EVENT.apiVersion());
  }

  static ObjectNode newer(ObjectNode core) {
    ObjectNode event = core.deepCopy();
    NAMES.forEach((to, from) -> rename(event, from, to));
    return event.put("apiVersion", Kinds.NEWER_EVENT.apiVersion());
  }

  private static void rename(ObjectNode event, String from, String to) {
    JsonNode value = event.remove(from);
    if (value != null) {
      event.set(to, value);
    }
  }
}
