package org.k3sjvm.server.api.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.server.api.schema.Schema;
import org.k3sjvm.server.api.schema.Shape;
import org.k3sjvm.server.api.tree.Trees;

/**
 * Strategic merge patch: like a merge patch, except that lists with a merge key are merged element
 * by element, and directives ({@code $patch}, {@code $retainKeys}, {@code
 * $deleteFromPrimitiveList/…}, {@code $setElementOrder/…}) say more.
 */
final class StrategicMergePatch {
  private static final String DIRECTIVE = "$patch";
  private static final String RETAIN_KEYS = "$retainKeys";
  private static final String DELETE_PRIMITIVES = "$deleteFromPrimitiveList/";
  private static final String ELEMENT_ORDER = "$setElementOrder/";

  private final Schema schema;

  StrategicMergePatch(Schema schema) {
    this.schema = schema;
  }

  ObjectNode apply(ObjectNode original, ObjectNode patch, String type) {
    return object(original.deepCopy(), patch, new Shape.Ref(type));
  }

  private ObjectNode object(ObjectNode target, ObjectNode patch, Shape shape) {
    switch (Trees.text(patch, DIRECTIVE)) {
      case "", "merge" -> {}
      case "replace" -> {
        return fresh(patch, shape);
      }
      case "delete" -> {
        return Trees.object();
      }
      default -> throw new PatchException("unknown patch type found: " + patch.get(DIRECTIVE));
    }
    retainKeys(target, patch);
    for (Map.Entry<String, JsonNode> entry : patch.properties()) {
      String field = entry.getKey();
      if (field.startsWith(DELETE_PRIMITIVES)) {
        deletePrimitives(target, field.substring(DELETE_PRIMITIVES.length()), entry.getValue());
      } else if (!field.startsWith("$")) {
        set(target, field, entry.getValue(), fieldShape(shape, field));
      }
    }
    for (Map.Entry<String, JsonNode> entry : patch.properties()) {
      if (entry.getKey().startsWith(ELEMENT_ORDER)) {
        String field = entry.getKey().substring(ELEMENT_ORDER.length());
        if (target.get(field) instanceof ArrayNode list
            && entry.getValue() instanceof ArrayNode order) {
          target.set(field, ElementOrder.sort(list, order, mergeKey(fieldShape(shape, field))));
        }
      }
    }
    return target;
  }

  private void set(ObjectNode target, String field, JsonNode value, Shape shape) {
    switch (value) {
      case JsonNode v when v.isNull() -> target.remove(field);
      case ObjectNode v when target.get(field) instanceof ObjectNode old -> {
        ObjectNode merged = object(old, v, shape);
        if (Trees.text(v, DIRECTIVE).equals("delete")) {
          target.remove(field);
        } else {
          target.set(field, merged);
        }
      }
      case ObjectNode v -> {
        if (!Trees.text(v, DIRECTIVE).equals("delete")) {
          target.set(field, fresh(v, shape));
        }
      }
      case ArrayNode v when shape instanceof Shape.ListOf list && list.merge() -> {
        ArrayNode old = target.get(field) instanceof ArrayNode now ? now : Trees.array();
        target.set(field, list(old, v, list));
      }
      case JsonNode v -> target.set(field, v.deepCopy());
    }
  }

  /** A patch object as a value: without directives and nulls. */
  private ObjectNode fresh(ObjectNode patch, Shape shape) {
    ObjectNode plain = Trees.object();
    plain.setAll(patch); // what is below is copied on its way
    plain.remove(DIRECTIVE);
    return object(Trees.object(), plain, shape);
  }

  private static void retainKeys(ObjectNode target, ObjectNode patch) {
    if (patch.get(RETAIN_KEYS) instanceof ArrayNode keys) {
      Set<String> kept = new HashSet<>();
      keys.forEach(key -> kept.add(key.asText()));
      target.properties().removeIf(entry -> !kept.contains(entry.getKey()));
    }
  }

  private static void deletePrimitives(ObjectNode target, String field, JsonNode values) {
    if (target.get(field) instanceof ArrayNode list) {
      Set<JsonNode> gone = new HashSet<>();
      values.forEach(gone::add);
      ArrayNode kept = Trees.array();
      list.forEach(
          element -> {
            if (!gone.contains(element)) {
              kept.add(element);
            }
          });
      target.set(field, kept);
    }
  }

  private ArrayNode list(ArrayNode old, ArrayNode patch, Shape.ListOf rules) {
    if (rules.mergeKey().isEmpty()) {
      return union(old, patch);
    }
    String key = rules.mergeKey().get();
    boolean replace = false;
    for (JsonNode element : patch) {
      replace |= Trees.text(element, DIRECTIVE).equals("replace");
    }
    ArrayNode result = replace ? Trees.array() : old;
    for (JsonNode element : patch) {
      if (!(element instanceof ObjectNode object)) {
        throw new PatchException("list element is no map: " + element);
      }
      element(result, object, key, rules.element(), replace);
    }
    return result;
  }

  private void element(
      ArrayNode result, ObjectNode patch, String key, Shape shape, boolean replace) {
    JsonNode id = patch.get(key);
    if (id == null) {
      if (Trees.text(patch, DIRECTIVE).equals("replace") && patch.size() == 1) {
        return;
      }
      throw new PatchException("map: " + patch + " does not contain declared merge key: " + key);
    }
    int at = replace ? -1 : indexOf(result, key, id);
    if (Trees.text(patch, DIRECTIVE).equals("delete")) {
      while (at >= 0) {
        result.remove(at);
        at = indexOf(result, key, id);
      }
    } else if (at >= 0 && result.get(at) instanceof ObjectNode now) {
      result.set(at, object(now, patch, shape));
    } else {
      result.add(fresh(patch, shape));
    }
  }

  static int indexOf(ArrayNode list, String key, JsonNode id) {
    for (int i = 0; i < list.size(); i++) {
      if (id.equals(list.get(i).get(key))) {
        return i;
      }
    }
    return -1;
  }

  private static ArrayNode union(ArrayNode old, ArrayNode patch) {
    Set<JsonNode> seen = new HashSet<>();
    ArrayNode result = Trees.array();
    for (ArrayNode part : new ArrayNode[] {old, patch}) {
      for (JsonNode element : part) {
        if (seen.add(element)) {
          result.add(element);
        }
      }
    }
    return result;
  }

  private static Optional<String> mergeKey(Shape shape) {
    return shape instanceof Shape.ListOf list ? list.mergeKey() : Optional.empty();
  }

  private Shape fieldShape(Shape shape, String field) {
    return switch (shape) {
      case Shape.Ref(String name) ->
          schema
              .type(name)
              .map(type -> type.fields().get(field))
              .map(Schema.Field::shape)
              .orElseGet(Shape.Any::new);
      case Shape.MapOf(Shape value) -> value;
      default -> new Shape.Any();
    };
  }
}
