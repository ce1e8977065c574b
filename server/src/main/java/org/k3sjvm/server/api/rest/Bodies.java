package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import org.k3sjvm.http.Request;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.api.wire.WireException;
import org.k3sjvm.server.api.wire.WireReader;

/** Reads what clients send. */
final class Bodies {
  static final String JSON = "application/json";

  private Bodies() {}

  /** The media type without parameters; JSON when there is none. */
  static String mediaType(Request request) {
    String header = request.headers().first("Content-Type").orElse(JSON);
    int semicolon = header.indexOf(';');
    String type = (semicolon < 0 ? header : header.substring(0, semicolon)).strip();
    return type.isEmpty() ? JSON : type.toLowerCase(Locale.ROOT);
  }

  /** The object that a client sends. */
  static ObjectNode object(Request request) throws IOException {
    String type = mediaType(request);
    if (type.equals(WireReader.MEDIA_TYPE)) {
      try {
        return WireReader.read(request.bodyBytes(), Bodies::message);
      } catch (WireException e) {
        throw ApiException.badRequest("the body is not protobuf: " + e.getMessage());
      }
    }
    if (!type.equals(JSON)) {
      throw ApiException.unsupportedMediaType(type, JSON + ", " + WireReader.MEDIA_TYPE);
    }
    byte[] body = request.bodyBytes();
    if (tree(body) instanceof ObjectNode object) {
      return object;
    }
    throw ApiException.badRequest("the body is no JSON object");
  }

  /** Like {@link #object}, empty when there is no body. */
  static ObjectNode optional(Request request) throws IOException {
    boolean none =
        request.headers().first("Content-Length").filter(length -> !length.equals("0")).isEmpty()
            && request.headers().first("Transfer-Encoding").isEmpty();
    return none ? Trees.object() : object(request);
  }

  /** The protobuf message of a type: stored kinds, and what only passes by. */
  private static Optional<String> message(String apiVersion, String kind) {
    Optional<String> stored = Kinds.ofKind(apiVersion, kind).map(Kind::schema);
    if (stored.isPresent()) {
      return stored;
    }
    return switch (kind) {
      case "DeleteOptions" -> Optional.of("meta.DeleteOptions");
      case "TokenRequest" -> Optional.of("authentication.v1.TokenRequest");
      case "Eviction" -> Optional.of("policy.v1.Eviction");
      case "Scale" -> Optional.of("autoscaling.v1.Scale");
      default -> Optional.empty();
    };
  }

  static JsonNode tree(byte[] body) throws IOException {
    try {
      return Trees.MAPPER.readTree(body);
    } catch (JsonProcessingException e) {
      throw ApiException.badRequest("the body is not JSON: " + e.getOriginalMessage());
    }
  }
}
