package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/** Which parts of an object a client may set, and which are the server's. */
final class MetaRules {
  /** Kinds whose specification is counted. */
  private static final Set<Kind> COUNTED =
      Set.of(
          Kinds.DEPLOYMENT,
          Kinds.REPLICA_SET,
          Kinds.STATEFUL_SET,
          Kinds.DAEMON_SET,
          Kinds.REPLICATION_CONTROLLER,
          Kinds.JOB,
          Kinds.CRON_JOB,
          Kinds.PDB,
          Kinds.INGRESS,
          Kinds.INGRESS_CLASS,
          Kinds.NETWORK_POLICY,
          Kinds.ENDPOINT_SLICE,
          Kinds.POD);

  private static final String[] SERVERS_OWN = {
    "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"
  };

  private MetaRules() {}

  static void forCreation(ObjectNode meta, String now) {
    for (String field : SERVERS_OWN) {
      meta.remove(field);
    }
    meta.remove("generation");
    meta.remove("selfLink");
    meta.put("creationTimestamp", now);
  }

  static void firstGeneration(Kind kind, ObjectNode object) {
    if (COUNTED.contains(kind)) {
      Meta.of(object).put("generation", 1);
    }
  }

  /** Raises the generation when the specification changed; where a pod is placed does not count. */
  static void nextGeneration(Target target, ObjectNode after, ObjectNode before) {
    Kind kind = target.kind();
    if (!COUNTED.contains(kind) || target.subresource().equals("binding")) {
      return;
    }
    long old = Trees.number(before, "metadata", "generation");
    boolean same =
        kind.equals(Kinds.ENDPOINT_SLICE)
            ? after.path("endpoints").equals(before.path("endpoints"))
            : after.path("spec").equals(before.path("spec"));
    Meta.of(after).put("generation", (int) (same ? old : old + 1));
  }

  /** Brings back what the client may not change here. */
  static void forUpdate(Target target, ObjectNode after, ObjectNode before) {
    ObjectNode meta = Meta.of(after);
    ObjectNode old = Meta.of(before);
    String name = Trees.text(meta, "name");
    if (!name.isEmpty() && !name.equals(Trees.text(old, "name"))) {
      throw ApiException.badRequest(
          "the name of the object ("
              + name
              + ") does not match the name on the URL ("
              + Trees.text(old, "name")
              + ")");
    }
    String namespace = Trees.text(meta, "namespace");
    if (!namespace.isEmpty() && !namespace.equals(target.namespace())) {
      throw ApiException.badRequest(
          "the namespace of the provided object does not match the namespace sent on the request");
    }
    String uid = Trees.text(meta, "uid");
    if (!uid.isEmpty() && !uid.equals(Trees.text(old, "uid"))) {
      throw ApiException.conflict(
          target.kind(),
          Trees.text(old, "name"),
          "Precondition failed: UID in precondition: "
              + uid
              + ", UID in object meta: "
              + Trees.text(old, "uid"));
    }
    for (String field : SERVERS_OWN) {
      restore(meta, old, field);
    }
    restore(meta, old, "name");
    restore(meta, old, "namespace");
    restore(meta, old, "generation");
    restore(meta, old, "generateName");
    meta.remove("selfLink");
    switch (target.subresource()) {
      case "" -> {
        if (target.kind().hasStatus()) {
          restore(after, before, "status");
        }
        if (target.kind().equals(Kinds.NAMESPACE)) {
          restore(after, before, "spec");
        }
      }
      case "status" -> {
        JsonNode status = after.get("status");
        JsonNode labels = meta.get("labels");
        JsonNode annotations = meta.get("annotations");
        after.removeAll();
        after.setAll(before.deepCopy());
        put(after, "status", status);
        put(Meta.of(after), "labels", labels);
        put(Meta.of(after), "annotations", annotations);
      }
      case PodResize.SUBRESOURCE -> PodResize.keepOthers(after, before);
      default -> {}
    }
  }

  private static void put(
      ObjectNode tree, String field, @org.jspecify.annotations.Nullable JsonNode value) {
    if (value == null) {
      tree.remove(field);
    } else {
      tree.set(field, value);
    }
  }

  private static void restore(ObjectNode after, ObjectNode before, String field) {
    put(after, field, before.get(field));
  }
}
