package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Quantities;
import org.k3sjvm.server.api.tree.Trees;

/**
 * What {@code pods/resize} may change: processors and memory of containers, sidecars and the pod as
 * a whole.
 *
 * <p>Source: Kubernetes v1.36 pkg/registry/core/pod/strategy.go, dropNonResizeUpdates, and
 * pkg/apis/core/validation, ValidatePodResize; v1.35 for init containers that are no sidecars.
 */
final class PodResize {
  static final String SUBRESOURCE = "resize";

  private static final String[] LISTS = {"containers", "initContainers"};
  private static final String ONLY = "only cpu and memory resources are mutable";

  private PodResize() {}

  /** Takes from the client what concerns resources, and the rest from what is there. */
  static void keepOthers(ObjectNode after, ObjectNode before) {
    ObjectNode spec = merged(before, Trees.child(after, "spec"));
    String version = Meta.resourceVersion(after);
    after.removeAll();
    after.setAll(before.deepCopy());
    after.set("spec", spec);
    Meta.of(after).put("resourceVersion", version);
  }

  /** The specification as it is, with the resources that are asked for. */
  private static ObjectNode merged(ObjectNode before, ObjectNode asked) {
    ObjectNode spec = before.path("spec").deepCopy();
    for (String list : LISTS) {
      List<ObjectNode> kept = Trees.objects(spec, list);
      List<ObjectNode> wanted = Trees.objects(asked, list);
      if (!names(kept).equals(names(wanted))) {
        return asked; // refused later, with the reason
      }
      for (int i = 0; i < kept.size(); i++) {
        take(kept.get(i), wanted.get(i), "resources");
        take(kept.get(i), wanted.get(i), "resizePolicy");
      }
    }
    take(spec, asked, "resources");
    return spec;
  }

  static void validate(ObjectNode after, ObjectNode before, Problems problems) {
    if (!Meta.annotation(before, "kubernetes.io/config.mirror").isEmpty()) {
      problems.forbidden("", "static pods cannot be resized");
      return;
    }
    String qos = Trees.text(before, "status", "qosClass");
    if (!PodRules.qosClass(after).equals(qos)) {
      problems.invalid("spec", qos, "Pod QOS Class may not change as a result of resizing");
    }
    if (!nodeIsAble(before)) {
      problems.forbidden("spec", "Pod running on node without support for resize");
    }
    for (String list : LISTS) {
      containers(after, before, list, problems);
    }
    ObjectNode was = Trees.child(before.deepCopy(), "spec");
    ObjectNode is = Trees.child(after.deepCopy(), "spec");
    if (was.has("resources") && !is.has("resources")) {
      problems.forbidden("spec.resources", "pod-level resources cannot be removed");
    } else {
      removed("spec.resources", "pod-level resource", is, was, problems);
      if (!others(is).equals(others(was))) {
        problems.forbidden("spec", ONLY + " at pod-level");
      }
    }
  }

  private static void containers(
      ObjectNode after, ObjectNode before, String list, Problems problems) {
    List<ObjectNode> is = Trees.objects(after, "spec", list);
    List<ObjectNode> was = Trees.objects(before, "spec", list);
    String at = "spec." + list;
    if (is.size() != was.size()) {
      problems.forbidden(at, list + " may not be added or removed on resize");
      return;
    }
    if (!names(is).equals(names(was))) {
      for (int i = 0; i < is.size(); i++) {
        if (!names(is).get(i).equals(names(was).get(i))) {
          problems.forbidden(
              at + "[" + i + "].name", list + " may not be renamed or reordered on resize");
        }
      }
      return;
    }
    for (int i = 0; i < is.size(); i++) {
      ObjectNode now = is.get(i);
      ObjectNode old = was.get(i);
      boolean fixed = list.equals("initContainers") && !isSidecar(old);
      if (fixed && !now.equals(old)) {
        problems.forbidden("spec", "resources for non-sidecar init containers are immutable");
      }
      removed(at + "[" + i + "].resources", "resource", now, old, problems);
      if (!others(now).equals(others(old))
          || !now.path("resizePolicy").equals(old.path("resizePolicy"))) {
        problems.forbidden("spec", ONLY);
      }
    }
  }

  /** Amounts may change, but not vanish. */
  private static void removed(
      String at, String what, ObjectNode after, ObjectNode before, Problems problems) {
    for (String kind : new String[] {"requests", "limits"}) {
      if (!Trees.map(after, "resources", kind)
          .keySet()
          .containsAll(Trees.map(before, "resources", kind).keySet())) {
        problems.forbidden(at + "." + kind, what + " " + kind + " cannot be removed");
      }
    }
  }

  /** What is asked for besides processors and memory, as comparable text. */
  private static Set<String> others(ObjectNode owner) {
    Set<String> all = new TreeSet<>();
    for (String kind : new String[] {"requests", "limits"}) {
      for (String name : Trees.map(owner, "resources", kind).keySet()) {
        if (!name.equals("cpu") && !name.equals("memory")) {
          all.add(
              kind
                  + "/"
                  + name
                  + "="
                  + Quantities.at(owner, "resources", kind, name).stripTrailingZeros());
        }
      }
    }
    owner
        .path("resources")
        .path("claims")
        .forEach(claim -> all.add("claim/" + claim.path("name").asText()));
    return all;
  }

  /** A kubelet that can resize says what is in force for what runs. */
  private static boolean nodeIsAble(ObjectNode pod) {
    for (ObjectNode status : Trees.objects(pod, "status", "containerStatuses")) {
      if (status.path("state").hasNonNull("running")) {
        return status.hasNonNull("resources");
      }
    }
    return true;
  }

  private static boolean isSidecar(ObjectNode container) {
    return Trees.text(container, "restartPolicy").equals("Always");
  }

  private static List<String> names(List<ObjectNode> containers) {
    return containers.stream().map(c -> Trees.text(c, "name")).toList();
  }

  private static void take(ObjectNode to, ObjectNode from, String field) {
    JsonNode value = from.get(field);
    if (value == null) {
      to.remove(field);
    } else {
      to.set(field, value);
    }
  }
}
