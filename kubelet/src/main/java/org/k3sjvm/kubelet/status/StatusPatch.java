package org.k3sjvm.kubelet.status;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kubelet.pod.PodConditions;
import org.k3sjvm.kubelet.pod.PodUid;

/**
 * The kubelet's part of a status as a strategic merge patch; parts of others are not mentioned.
 *
 * <p>Container lists are replaced whole, conditions merge by type, addresses by ip: what is gone
 * from a merged list needs a directive, and what is gone from a condition an explicit null. Source:
 * patchStrategy and patchMergeKey of k8s.io/api v0.36 core/v1 PodStatus.
 */
final class StatusPatch {
  private static final List<String> OWNED =
      List.of(
          "phase",
          "reason",
          "message",
          "startTime",
          "qosClass",
          "observedGeneration",
          "hostIP",
          "hostIPs",
          "podIP",
          "podIPs",
          "allocatedResources",
          "resources",
          "conditions",
          "initContainerStatuses",
          "containerStatuses",
          "ephemeralContainerStatuses");
  private static final String CONDITIONS = "conditions";
  private static final List<String> ADDRESSES = List.of("hostIPs", "podIPs");

  private StatusPatch() {}

  /** The owned parts in one form, whoever wrote them: equal texts need no patch. */
  static ObjectNode owned(PodStatus status) {
    ObjectNode all = KubeJson.tree(status);
    ObjectNode owned = KubeJson.newObject();
    for (String field : OWNED) {
      JsonNode value = all.get(field);
      if (value != null && !value.isNull() && !(value.isContainerNode() && value.isEmpty())) {
        owned.set(field, value);
      }
    }
    if (owned.get(CONDITIONS) instanceof ArrayNode conditions) {
      Iterator<JsonNode> each = conditions.iterator();
      while (each.hasNext()) {
        String type = type(each.next());
        if (!PodConditions.OWNED.contains(type) && !type.equals(PodConditions.SHARED)) {
          each.remove();
        }
      }
    }
    return owned;
  }

  /**
   * What makes the server's copy say what is wanted; empty when it does.
   *
   * @param wanted owned parts
   * @param server owned parts as the server has them
   */
  static Optional<ObjectNode> between(PodUid uid, JsonNode server, JsonNode wanted) {
    ObjectNode status = KubeJson.newObject();
    for (String field : OWNED) {
      JsonNode old = server.get(field);
      JsonNode now = wanted.get(field);
      if (field.equals(CONDITIONS)) {
        ArrayNode changed = conditions(server.path(field), wanted.path(field));
        if (!changed.isEmpty()) {
          status.set(field, changed);
        }
      } else if (now == null) {
        if (old != null) {
          status.putNull(field);
        }
      } else if (!now.equals(old)) {
        status.set(field, old != null && ADDRESSES.contains(field) ? replaced(now) : now);
      }
    }
    if (status.isEmpty()) {
      return Optional.empty();
    }
    ObjectNode patch = KubeJson.newObject();
    patch.putObject("metadata").put("uid", uid.value());
    patch.set("status", status);
    return Optional.of(patch);
  }

  private static ArrayNode conditions(JsonNode old, JsonNode now) {
    ArrayNode changed = KubeJson.newObject().putArray(CONDITIONS);
    for (JsonNode condition : now) {
      JsonNode before = find(old, type(condition));
      if (!condition.equals(before)) {
        ObjectNode item = condition.deepCopy();
        before.fieldNames().forEachRemaining(f -> nullIfGone(item, f));
        changed.add(item);
      }
    }
    for (JsonNode condition : old) {
      String type = type(condition);
      if (PodConditions.OWNED.contains(type) && find(now, type).isEmpty()) {
        changed.addObject().put("$patch", "delete").put("type", type);
      }
    }
    return changed;
  }

  private static void nullIfGone(ObjectNode item, String field) {
    if (!item.has(field)) {
      item.putNull(field);
    }
  }

  private static JsonNode find(JsonNode conditions, String type) {
    for (JsonNode condition : conditions) {
      if (type(condition).equals(type)) {
        return condition;
      }
    }
    return KubeJson.newObject();
  }

  private static String type(JsonNode condition) {
    return condition.path("type").asText();
  }

  private static ArrayNode replaced(JsonNode list) {
    ArrayNode all = list.deepCopy();
    all.insertObject(0).put("$patch", "replace");
    return all;
  }
}
