package org.k3sjvm.server.api.patch;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.k3sjvm.server.api.tree.Trees;

/** JSON patch, RFC 6902. */
final class JsonPatch {
  /** Source: Kubernetes v1.36 apiserver pkg/endpoints/handlers/patch.go, maxJSONPatchOperations. */
  private static final int MOST_OPERATIONS = 10_000;

  /** What all copies of a patch may have together; copies of copies double with each. */
  private static final int MOST_COPIED_NODES = 100_000;

  private JsonPatch() {}

  static JsonNode apply(JsonNode document, ArrayNode operations) {
    if (operations.size() > MOST_OPERATIONS) {
      throw new PatchException("the patch has more than " + MOST_OPERATIONS + " operations");
    }
    JsonNode result = document.deepCopy();
    int left = MOST_COPIED_NODES;
    for (JsonNode operation : operations) {
      if (Trees.text(operation, "op").equals("copy")) {
        left -= nodes(existing(result, pointer(operation, "from"), "copy"), left);
      }
      result = applyOne(result, operation);
    }
    return result;
  }

  private static JsonNode applyOne(JsonNode document, JsonNode operation) {
    JsonPointer path = pointer(operation, "path");
    String verb = Trees.text(operation, "op");
    return switch (verb) {
      case "add" -> add(document, path, value(operation));
      case "remove" -> remove(document, path);
      case "replace" -> {
        existing(document, path, verb);
        yield path.matches()
            ? value(operation)
            : add(remove(document, path), path, value(operation));
      }
      case "move" -> {
        JsonPointer from = pointer(operation, "from");
        JsonNode moved = existing(document, from, verb);
        yield add(remove(document, from), path, moved);
      }
      case "copy" ->
          add(document, path, existing(document, pointer(operation, "from"), verb).deepCopy());
      case "test" -> {
        if (!existing(document, path, verb).equals(value(operation))) {
          throw new PatchException("testing value " + path + " failed");
        }
        yield document;
      }
      default -> throw new PatchException("unexpected kind of operation: '" + verb + "'");
    };
  }

  /**
   * Counts.
   *
   * @throws PatchException when there are more than that
   */
  private static int nodes(JsonNode tree, int most) {
    int count = 1;
    for (JsonNode inner : tree) {
      count += nodes(inner, most - count);
    }
    if (count > most) {
      throw new PatchException("the patch copies too much");
    }
    return count;
  }

  private static JsonNode value(JsonNode operation) {
    JsonNode value = operation.get("value");
    if (value == null) {
      throw new PatchException("the operation has no value: " + operation);
    }
    return value.deepCopy();
  }

  private static JsonPointer pointer(JsonNode operation, String field) {
    try {
      return JsonPointer.compile(Trees.text(operation, field));
    } catch (IllegalArgumentException e) {
      throw new PatchException("not a JSON pointer: " + operation.path(field));
    }
  }

  private static JsonNode existing(JsonNode document, JsonPointer path, String verb) {
    JsonNode found = document.at(path);
    if (found.isMissingNode()) {
      throw new PatchException(verb + " operation does not apply: missing path: " + path);
    }
    return found;
  }

  private static JsonNode add(JsonNode document, JsonPointer path, JsonNode value) {
    if (path.matches()) {
      return value;
    }
    String last = path.last().getMatchingProperty();
    switch (document.at(path.head())) {
      case ObjectNode parent -> parent.set(last, value);
      case ArrayNode parent -> {
        int index = last.equals("-") ? parent.size() : index(last, parent.size() + 1, path);
        parent.insert(index, value);
      }
      default -> throw new PatchException("add operation does not apply: missing path: " + path);
    }
    return document;
  }

  private static JsonNode remove(JsonNode document, JsonPointer path) {
    existing(document, path, "remove");
    if (path.matches()) {
      throw new PatchException("the whole document cannot be removed");
    }
    String last = path.last().getMatchingProperty();
    switch (document.at(path.head())) {
      case ObjectNode parent -> parent.remove(last);
      case ArrayNode parent -> parent.remove(index(last, parent.size(), path));
      default -> throw new PatchException("remove operation does not apply: " + path);
    }
    return document;
  }

  private static int index(String text, int bound, JsonPointer path) {
    try {
      int index = Integer.parseInt(text);
      if (index >= 0 && index < bound) {
        return index;
      }
    } catch (NumberFormatException _) {
      // Said below with the path.
    }
    throw new PatchException("unable to access invalid index: " + path);
  }
}
