package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Locale;
import org.k3sjvm.http.Request;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.tree.Trees;

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
    if (!type.equals(JSON)) {
      throw ApiException.unsupportedMediaType(type, JSON);
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

  static JsonNode tree(byte[] body) throws IOException {
    try {
      return Trees.MAPPER.readTree(body);
    } catch (JsonProcessingException e) {
      throw ApiException.badRequest("the body is not JSON: " + e.getOriginalMessage());
    }
  }
}
