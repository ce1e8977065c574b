package org.k3sjvm.kube.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.Patch;

/** The three patch types over JSON trees; the strategic one knows the lists of nodes and pods. */
final class Patches {
  /** Source: patchMergeKey tags of k8s.io/api v0.36 core/v1. */
  private static final Map<String, String> MERGE_KEYS =
      Map.of(
          "conditions", "type",
          "addresses", "type",
          "containers", "name",
          "initContainers", "name",
          "volumes", "name",
          "env", "name",
          "volumeMounts", "mountPath",
          "podIPs", "ip",
          "hostIPs", "ip",
          "ownerReferences", "uid");

  private Patches() {}

  static ObjectNode node() {
    return JsonNodeFactory.instance.objectNode();
  }

  static ObjectNode apply(ObjectNode old, Patch patch) {
    ObjectNode result = old.deepCopy();
    switch (patch) {
      case Patch.Merge(JsonNode body) -> merge(result, body, false);
      case Patch.Strategic(JsonNode body) -> merge(result, body, true);
      case Patch.Json(JsonNode body) -> operations(result, body);
    }
    return result;
  }

  private static void merge(ObjectNode target, JsonNode patch, boolean strategic) {
    patch
        .properties()
        .forEach(
            entry -> {
              String name = entry.getKey();
              JsonNode value = entry.getValue();
              if (strategic && name.startsWith("$")) {
                return;
              }
              if (value.isNull()) {
                target.remove(name);
              } else if (value.isObject()) {
                ObjectNode child =
                    target.get(name) instanceof ObjectNode present ? present : node();
                merge(child, value, strategic);
                target.set(name, child);
              } else if (strategic
                  && value instanceof ArrayNode list
                  && MERGE_KEYS.containsKey(name)) {
                target.set(
                    name, mergeList(target.path(name), list, MERGE_KEYS.getOrDefault(name, "")));
              } else {
                target.set(name, value.deepCopy());
              }
            });
  }

  private static ArrayNode mergeList(JsonNode old, ArrayNode patch, String key) {
    ArrayNode result = JsonNodeFactory.instance.arrayNode();
    boolean replace = false;
    for (JsonNode item : patch) {
      replace |= item.size() == 1 && item.path("$patch").asText().equals("replace");
    }
    if (!replace) {
      old.forEach(item -> result.add(item.deepCopy()));
    }
    for (JsonNode item : patch) {
      if (item.size() == 1 && item.has("$patch")) {
        continue;
      }
      int at = replace ? -1 : indexOf(result, key, item);
      if (item.path("$patch").asText().equals("delete")) {
        if (at >= 0) {
          result.remove(at);
        }
      } else if (at >= 0 && result.get(at) instanceof ObjectNode present) {
        merge(present, item, true);
      } else {
        result.add(item.deepCopy());
      }
    }
    return result;
  }

  private static int indexOf(ArrayNode list, String key, JsonNode item) {
    for (int i = 0; i < list.size(); i++) {
      if (list.get(i).path(key).equals(item.path(key))) {
        return i;
      }
    }
    return -1;
  }

  private static void operations(ObjectNode target, JsonNode operations) {
    for (JsonNode operation : operations) {
      String path = operation.path("path").asText();
      int slash = path.lastIndexOf('/');
      String last = path.substring(slash + 1).replace("~1", "/").replace("~0", "~");
      if (!(target.at(path.substring(0, slash)) instanceof ObjectNode parent)) {
        throw new KubeException.Invalid("patch", "no such path: " + path);
      }
      switch (operation.path("op").asText()) {
        case "add", "replace" -> parent.set(last, operation.path("value").deepCopy());
        case "remove" -> {
          if (parent.remove(last) == null) {
            throw new KubeException.Invalid("patch", "no such path: " + path);
          }
        }
        default -> throw new KubeException.Invalid("patch", "unknown operation " + operation);
      }
    }
  }
}
