package org.k3sjvm.server.api.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Brings a tree into the form of its type, as decoding into Go structs does: nulls, empty optional
 * lists and unknown fields are dropped, wrong types are refused.
 */
public final class Conform {
  private final Schema schema;
  private final List<String> unknown = new ArrayList<>();
  private final List<String> missing = new ArrayList<>();
  private Optional<String> wrong = Optional.empty();

  private Conform(Schema schema) {
    this.schema = schema;
  }

  /**
   * What was found on the way.
   *
   * @param unknown paths that were dropped
   * @param missing required paths that are not there; lists and maps are never missed
   * @param wrong the first value of a wrong type, as a message
   */
  public record Found(List<String> unknown, List<String> missing, Optional<String> wrong) {}

  /** Changes the tree in place. */
  public static Found conform(Schema schema, String type, ObjectNode tree) {
    Conform pass = new Conform(schema);
    schema.type(type).ifPresent(t -> pass.object(t, tree, ""));
    return new Found(pass.unknown, pass.missing, pass.wrong);
  }

  private void object(Schema.Type type, ObjectNode tree, String path) {
    if (type.open()) {
      return;
    }
    Iterator<Map.Entry<String, JsonNode>> entries = tree.properties().iterator();
    List<Map.Entry<String, JsonNode>> replaced = new ArrayList<>();
    while (entries.hasNext()) {
      Map.Entry<String, JsonNode> entry = entries.next();
      Schema.Field field = type.fields().get(entry.getKey());
      String at = path.isEmpty() ? entry.getKey() : path + "." + entry.getKey();
      if (field == null) {
        unknown.add(at);
        entries.remove();
      } else if (entry.getValue().isNull() || isOmitted(field, entry.getValue())) {
        entries.remove();
      } else {
        JsonNode now = value(field.shape(), entry.getValue(), at);
        if (!now.equals(entry.getValue())) {
          replaced.add(Map.entry(entry.getKey(), now));
        }
      }
    }
    replaced.forEach(entry -> tree.set(entry.getKey(), entry.getValue()));
    for (Map.Entry<String, Schema.Field> field : type.fields().entrySet()) {
      // Go reads a missing list or map as an empty one, and protobuf cannot tell them apart.
      boolean collection =
          field.getValue().shape() instanceof Shape.ListOf
              || field.getValue().shape() instanceof Shape.MapOf;
      if (field.getValue().required() && !collection && !tree.has(field.getKey())) {
        missing.add(path.isEmpty() ? field.getKey() : path + "." + field.getKey());
      }
    }
  }

  /** Go leaves empty lists out unless the field is always written. */
  private static boolean isOmitted(Schema.Field field, JsonNode value) {
    return !field.required() && value.isArray() && value.isEmpty();
  }

  private JsonNode value(Shape shape, JsonNode value, String path) {
    switch (shape) {
      case Shape.Text() -> expect(value.isTextual(), value, "string", path);
      case Shape.Whole() -> expect(value.isIntegralNumber(), value, "integer", path);
      case Shape.Decimal() -> expect(value.isNumber(), value, "number", path);
      case Shape.Truth() -> expect(value.isBoolean(), value, "boolean", path);
      case Shape.WholeOrText() ->
          expect(value.isIntegralNumber() || value.isTextual(), value, "integer or string", path);
      case Shape.Amount() -> {
        if (value.isNumber()) {
          return TextNode.valueOf(value.decimalValue().toPlainString());
        }
        expect(value.isTextual(), value, "quantity", path);
      }
      case Shape.Any() -> {}
      case Shape.Ref(String name) -> {
        expect(value.isObject(), value, "object", path);
        if (value instanceof ObjectNode object) {
          schema.type(name).ifPresent(type -> object(type, object, path));
        }
      }
      case Shape.ListOf(Shape element, var _, var _, var _) -> {
        expect(value.isArray(), value, "list", path);
        if (value instanceof ArrayNode list) {
          list(element, list, path);
        }
      }
      case Shape.MapOf(Shape element) -> {
        expect(value.isObject(), value, "map", path);
        if (value instanceof ObjectNode object) {
          map(element, object, path);
        }
      }
    }
    return value;
  }

  private void list(Shape element, ArrayNode list, String path) {
    for (int i = 0; i < list.size(); i++) {
      JsonNode now = value(element, list.get(i), path + "[" + i + "]");
      if (!now.equals(list.get(i))) {
        list.set(i, now);
      }
    }
  }

  private void map(Shape element, ObjectNode map, String path) {
    for (Map.Entry<String, JsonNode> entry : List.copyOf(map.properties())) {
      if (entry.getValue().isNull()) {
        if (element instanceof Shape.Text) {
          map.put(entry.getKey(), "");
        } else {
          map.remove(entry.getKey());
        }
        continue;
      }
      map.set(entry.getKey(), value(element, entry.getValue(), path + "." + entry.getKey()));
    }
  }

  private void expect(boolean right, JsonNode value, String wanted, String path) {
    if (!right && wrong.isEmpty()) {
      String shown = value.toString();
      wrong =
          Optional.of(
              path
                  + ": expected "
                  + wanted
                  + ", got "
                  + (shown.length() > 80 ? shown.substring(0, 80) + "…" : shown));
    }
  }
}
