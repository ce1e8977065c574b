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
 * <p>Container lists are replaced whole, conditions merge by type, addresses by ip: an address that
 * is gone needs a directive.
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
          "conditions",
          "initContainerStatuses",
          "containerStatuses",
          "ephemeralContainerStatuses");
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
    if (owned.get("conditions") instanceof ArrayNode conditions) {
      Iterator<JsonNode> each = conditions.iterator();
      while (each.hasNext()) {
        if (!PodConditions.OWNED.contains(each.next().path("type").asText())) {
          each.remove();
        }
      }
    }
    return owned;
  }

  /**
   * The patch.
   *
   * @param before what was written last; empty when unknown
   */
  static ObjectNode of(PodUid uid, ObjectNode owned, Optional<JsonNode> before) {
    ObjectNode status = owned.deepCopy();
    JsonNode old = before.orElseGet(KubeJson::newObject);
    for (String field : OWNED) {
      if (old.has(field) && !status.has(field)) {
        status.putNull(field);
      }
    }
    for (String field : ADDRESSES) {
      if (old.has(field)
          && status.get(field) instanceof ArrayNode list
          && !list.equals(old.get(field))) {
        list.insertObject(0).put("$patch", "replace");
      }
    }
    ObjectNode patch = KubeJson.newObject();
    patch.putObject("metadata").put("uid", uid.value());
    patch.set("status", status);
    return patch;
  }
}
