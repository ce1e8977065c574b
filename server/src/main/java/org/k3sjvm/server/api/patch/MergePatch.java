package org.k3sjvm.server.api.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import org.k3sjvm.server.api.tree.Trees;

/** JSON merge patch, RFC 7386. */
final class MergePatch {
  private MergePatch() {}

  static ObjectNode apply(ObjectNode target, ObjectNode patch) {
    ObjectNode result = target.deepCopy();
    merge(result, patch);
    return result;
  }

  private static void merge(ObjectNode target, ObjectNode patch) {
    for (Map.Entry<String, JsonNode> entry : patch.properties()) {
      String field = entry.getKey();
      switch (entry.getValue()) {
        case JsonNode value when value.isNull() -> target.remove(field);
        case ObjectNode value -> {
          ObjectNode inner =
              target.get(field) instanceof ObjectNode object ? object : Trees.object();
          merge(inner, value);
          target.set(field, inner);
        }
        case JsonNode value -> target.set(field, value.deepCopy());
      }
    }
  }
}
