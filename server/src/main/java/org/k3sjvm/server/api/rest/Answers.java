package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Instant;
import org.k3sjvm.http.Response;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.table.Tables;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/** Sends answers. */
final class Answers {
  private Answers() {}

  static void json(Response response, int code, JsonNode tree) throws IOException {
    json(response, code, Trees.bytes(tree));
  }

  static void json(Response response, int code, byte[] body) throws IOException {
    response.status(code).header("Content-Type", "application/json");
    response.header("Cache-Control", "no-cache, private");
    response.send(body);
  }

  static void failure(Response response, ApiException e) throws IOException {
    if (e.code() == 429) {
      response.header("Retry-After", "1");
    }
    json(response, e.code(), e.status());
  }

  /** One object in the form that was asked for. */
  static void object(
      ApiRequest request, Response response, int code, Kind kind, ObjectNode object, Instant now)
      throws IOException {
    switch (Form.of(request.http())) {
      case PLAIN -> json(response, code, object);
      case METADATA -> json(response, code, Tables.metadata(object));
      case TABLE -> json(response, code, table(request, kind, object, now));
    }
  }

  static ObjectNode table(ApiRequest request, Kind kind, ObjectNode object, Instant now) {
    ObjectNode meta = Trees.object().put("resourceVersion", Meta.resourceVersion(object));
    ObjectNode table = Tables.empty(kind, meta);
    Tables.add(table, kind, object, include(request), now);
    return table;
  }

  static Tables.Include include(ApiRequest request) {
    return switch (request.parameter("includeObject")) {
      case "None" -> Tables.Include.NONE;
      case "Object" -> Tables.Include.OBJECT;
      default -> Tables.Include.METADATA;
    };
  }

  /** A {@code Status} of success about an object. */
  static ObjectNode success(Kind kind, ObjectNode object) {
    ObjectNode status = Trees.object().put("kind", "Status").put("apiVersion", "v1");
    status.putObject("metadata");
    status.put("status", "Success");
    ObjectNode details = status.putObject("details").put("name", Meta.name(object));
    if (!kind.group().isEmpty()) {
      details.put("group", kind.group());
    }
    details.put("kind", kind.plural()).put("uid", Meta.uid(object));
    return status;
  }
}
