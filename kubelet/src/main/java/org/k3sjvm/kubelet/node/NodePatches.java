package org.k3sjvm.kubelet.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.KubeJson;

/** What has to be sent so that the server's node says what this node says. */
final class NodePatches {
  private NodePatches() {}

  /**
   * A strategic merge patch for the status subresource.
   *
   * @param now the node as the server has it
   * @param sent the status as this node last sent it: an old server drops the fields that it does
   *     not know, and they are not sent again
   * @param wanted the status; its conditions are the kubelet's own, others stay as they are
   * @param providedIps the hint for a cloud controller; empty takes the hint away
   * @param due whether the heartbeat must be sent even when nothing changed
   * @return empty when there is nothing to send
   */
  static Optional<JsonNode> status(
      Node now,
      Optional<NodeStatus> sent,
      NodeStatus wanted,
      Optional<String> providedIps,
      boolean due) {
    NodeStatus old = now.getStatus() == null ? new NodeStatus() : now.getStatus();
    NodeStatus told = sent.orElse(old);
    ObjectNode patch = KubeJson.newObject();
    annotation(patch, now, providedIps);
    ObjectNode status = KubeJson.newObject();
    quantities(status, "capacity", old.getCapacity(), wanted.getCapacity());
    quantities(status, "allocatable", old.getAllocatable(), wanted.getAllocatable());
    addresses(status, old, wanted);
    whole(status, "nodeInfo", told.getNodeInfo(), wanted.getNodeInfo());
    whole(status, "daemonEndpoints", told.getDaemonEndpoints(), wanted.getDaemonEndpoints());
    whole(status, "features", told.getFeatures(), wanted.getFeatures());
    list(status, "images", told.getImages(), wanted.getImages());
    list(status, "runtimeHandlers", told.getRuntimeHandlers(), wanted.getRuntimeHandlers());
    list(status, "declaredFeatures", told.getDeclaredFeatures(), wanted.getDeclaredFeatures());
    boolean conditionsChanged =
        !wanted.getConditions().stream().allMatch(condition -> isAt(old, condition));
    if (patch.isEmpty() && status.isEmpty() && !conditionsChanged && !due) {
      return Optional.empty();
    }
    status.set("conditions", KubeJson.mapper().valueToTree(wanted.getConditions()));
    patch.set("status", status);
    return Optional.of(patch);
  }

  /**
   * A strategic merge patch that gives an existing node the labels and annotations that every
   * kubelet asserts; labels of the user count only when a node is made.
   */
  static Optional<JsonNode> registration(
      Node now, Map<String, String> labels, Map<String, String> annotations) {
    ObjectNode metadata = KubeJson.newObject();
    missing(metadata, "labels", now.getMetadata().getLabels(), labels);
    missing(metadata, "annotations", now.getMetadata().getAnnotations(), annotations);
    if (metadata.isEmpty()) {
      return Optional.empty();
    }
    ObjectNode patch = KubeJson.newObject();
    patch.set("metadata", metadata);
    return Optional.of(patch);
  }

  private static void missing(
      ObjectNode metadata,
      String field,
      @Nullable Map<String, String> old,
      Map<String, String> wanted) {
    wanted.forEach(
        (key, value) -> {
          if (old == null || !value.equals(old.get(key))) {
            metadata.withObjectProperty(field).put(key, value);
          }
        });
  }

  private static void annotation(ObjectNode patch, Node now, Optional<String> providedIps) {
    @Nullable Map<String, String> annotations = now.getMetadata().getAnnotations();
    @Nullable String old = annotations == null ? null : annotations.get(NodeStatuses.PROVIDED_IP);
    if (!Objects.equals(old, providedIps.orElse(null))) {
      patch
          .putObject("metadata")
          .putObject("annotations")
          .put(NodeStatuses.PROVIDED_IP, providedIps.orElse(null));
    }
  }

  private static void quantities(
      ObjectNode status,
      String field,
      @Nullable Map<String, Quantity> old,
      Map<String, Quantity> wanted) {
    if (Quantities.same(old, wanted)) {
      return;
    }
    ObjectNode changed = status.putObject(field);
    wanted.forEach((name, quantity) -> changed.put(name, quantity.toString()));
    if (old != null) {
      old.keySet().stream().filter(name -> !wanted.containsKey(name)).forEach(changed::putNull);
    }
  }

  /** The list merges by type, of which a node may have two: so it is sent whole, to replace. */
  private static void addresses(ObjectNode status, NodeStatus old, NodeStatus wanted) {
    if (wanted.getAddresses().equals(orEmpty(old.getAddresses()))) {
      return;
    }
    ArrayNode addresses = KubeJson.mapper().valueToTree(wanted.getAddresses());
    addresses.insertObject(0).put("$patch", "replace");
    status.set("addresses", addresses);
  }

  private static void whole(
      ObjectNode status, String field, @Nullable Object old, @Nullable Object wanted) {
    if (wanted != null && !wanted.equals(old)) {
      status.set(field, KubeJson.tree(wanted));
    }
  }

  private static void list(
      ObjectNode status, String field, @Nullable List<?> old, @Nullable List<?> wanted) {
    if (!orEmpty(wanted).equals(orEmpty(old))) {
      status.set(field, KubeJson.mapper().valueToTree(orEmpty(wanted)));
    }
  }

  private static boolean isAt(NodeStatus old, NodeCondition condition) {
    return orEmpty(old.getConditions()).stream()
        .anyMatch(present -> NodeConditions.same(condition, present));
  }

  private static <T> List<T> orEmpty(@Nullable List<T> list) {
    return list == null ? List.of() : list;
  }
}
