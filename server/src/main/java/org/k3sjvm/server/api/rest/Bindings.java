package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/** The change that puts a pod on a node. */
public final class Bindings {
  private Bindings() {}

  /**
   * Binds; the object is changed and returned.
   *
   * @param uid that the pod must have; empty for any
   * @throws ApiException when the pod is bound already, is going, or is another
   */
  public static ObjectNode bind(ObjectNode pod, String node, String uid, Instant now) {
    String name = Meta.name(pod);
    if (!uid.isEmpty() && !uid.equals(Meta.uid(pod))) {
      throw ApiException.conflict(Kinds.POD, name, "the UID of the pod is another one");
    }
    if (Meta.deleting(pod)) {
      throw ApiException.conflict(Kinds.POD, name, "pod is being deleted, cannot be assigned");
    }
    String assigned = Trees.text(pod, "spec", "nodeName");
    if (!assigned.isEmpty()) {
      throw ApiException.conflict(
          Kinds.POD, name, "pod " + name + " is already assigned to node \"" + assigned + "\"");
    }
    Trees.child(pod, "spec").put("nodeName", node);
    ArrayNode conditions = Trees.list(Trees.child(pod, "status"), "conditions");
    ObjectNode scheduled =
        Trees.find(conditions, "type", "PodScheduled")
            .orElseGet(() -> conditions.addObject().put("type", "PodScheduled"));
    scheduled.remove(java.util.List.of("reason", "message"));
    scheduled.putNull("lastProbeTime");
    scheduled.put("observedGeneration", Trees.number(pod, "metadata", "generation"));
    scheduled.put("status", "True").put("lastTransitionTime", Trees.time(now));
    return pod;
  }
}
