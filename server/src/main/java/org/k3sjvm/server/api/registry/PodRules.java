package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.k3sjvm.server.api.tree.Quantities;
import org.k3sjvm.server.api.tree.Trees;

/** Pods. */
final class PodRules implements Rules {
  private static final String[] CONTAINER_LISTS = {
    "initContainers", "containers", "ephemeralContainers"
  };

  @Override
  public void defaults(ObjectNode pod) {
    ObjectNode spec = Trees.child(pod, "spec");
    PodDefaults.fill(spec);
    Trees.fill(spec, "enableServiceLinks", true);
  }

  @Override
  public void beforeCreate(ObjectNode pod) {
    ObjectNode status = pod.putObject("status");
    status.put("phase", "Pending").put("qosClass", qosClass(pod));
    if (!Trees.objects(pod, "spec", "schedulingGates").isEmpty()) {
      status
          .putArray("conditions")
          .addObject()
          .put("type", "PodScheduled")
          .put("observedGeneration", 1)
          .put("status", "False")
          .put("reason", "SchedulingGated")
          .put("message", "Scheduling is blocked due to non-empty scheduling gates");
    }
  }

  /** Source: Kubernetes docs, "Pod Quality of Service Classes". */
  static String qosClass(ObjectNode pod) {
    if (!Trees.map(pod, "spec", "resources", "requests").isEmpty()
        || !Trees.map(pod, "spec", "resources", "limits").isEmpty()) {
      return qosClass(List.of(Trees.child(pod, "spec")));
    }
    List<ObjectNode> containers = new ArrayList<>(Trees.objects(pod, "spec", "containers"));
    containers.addAll(Trees.objects(pod, "spec", "initContainers"));
    return qosClass(containers);
  }

  private static String qosClass(List<ObjectNode> all) {
    boolean any = false;
    boolean guaranteed = true;
    for (ObjectNode one : all) {
      for (String resource : new String[] {"cpu", "memory"}) {
        BigDecimal limit = Quantities.at(one, "resources", "limits", resource);
        BigDecimal request = Quantities.at(one, "resources", "requests", resource);
        any |= limit.signum() > 0 || request.signum() > 0;
        guaranteed &= limit.signum() > 0 && limit.compareTo(request) == 0;
      }
    }
    return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
  }

  @Override
  public void validate(ObjectNode pod, Problems problems) {
    validateSpec(Trees.child(pod, "spec"), "spec", problems);
  }

  static void validateSpec(ObjectNode spec, String at, Problems problems) {
    if (Trees.objects(spec, "containers").isEmpty()) {
      problems.required(at + ".containers", "");
    }
    problems.oneOf(
        at + ".restartPolicy", Trees.text(spec, "restartPolicy"), "Always", "OnFailure", "Never");
    problems.oneOf(
        at + ".dnsPolicy",
        Trees.text(spec, "dnsPolicy"),
        "ClusterFirstWithHostNet",
        "ClusterFirst",
        "Default",
        "None");
    Set<String> volumes = new HashSet<>();
    for (ObjectNode volume : Trees.objects(spec, "volumes")) {
      String name = Trees.text(volume, "name");
      if (!Names.isLabel(name)) {
        problems.invalid(at + ".volumes.name", name, "must be a lowercase RFC 1123 label");
      }
      if (!volumes.add(name)) {
        problems.duplicate(at + ".volumes.name", name);
      }
    }
    Set<String> names = new HashSet<>();
    for (String list : CONTAINER_LISTS) {
      List<ObjectNode> containers = Trees.objects(spec, list);
      for (int i = 0; i < containers.size(); i++) {
        container(containers.get(i), at + "." + list + "[" + i + "]", names, volumes, problems);
      }
    }
    PodHost.validate(spec, at, problems);
  }

  private static void container(
      ObjectNode container, String at, Set<String> names, Set<String> volumes, Problems problems) {
    String name = Trees.text(container, "name");
    if (!Names.isLabel(name)) {
      problems.invalid(
          at + ".name",
          name,
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-',"
              + " and must start and end with an alphanumeric character");
    } else if (!names.add(name)) {
      problems.duplicate(at + ".name", name);
    }
    if (Trees.text(container, "image").isEmpty()) {
      problems.required(at + ".image", "");
    }
    problems.oneOf(
        at + ".imagePullPolicy",
        Trees.text(container, "imagePullPolicy"),
        "Always",
        "IfNotPresent",
        "Never");
    List<ObjectNode> mounts = Trees.objects(container, "volumeMounts");
    for (int i = 0; i < mounts.size(); i++) {
      String volume = Trees.text(mounts.get(i), "name");
      if (!volumes.contains(volume)) {
        problems.invalid(at + ".volumeMounts[" + i + "].name", volume, "Not found");
      }
      if (Trees.text(mounts.get(i), "mountPath").isEmpty()) {
        problems.required(at + ".volumeMounts[" + i + "].mountPath", "");
      }
    }
    List<ObjectNode> ports = Trees.objects(container, "ports");
    for (int i = 0; i < ports.size(); i++) {
      long port = Trees.number(ports.get(i), "containerPort");
      if (port < 1 || port > 65535) {
        problems.invalid(
            at + ".ports[" + i + "].containerPort",
            Long.toString(port),
            "must be between 1 and 65535, inclusive");
      }
    }
    resources(container, at, problems);
  }

  private static void resources(ObjectNode container, String at, Problems problems) {
    for (String kind : new String[] {"limits", "requests"}) {
      for (var entry : Trees.map(container, "resources", kind).entrySet()) {
        var value = Quantities.parse(entry.getValue());
        String field = at + ".resources." + kind + "[" + entry.getKey() + "]";
        if (value.isEmpty()) {
          problems.invalid(
              field,
              entry.getValue(),
              "quantities must match the regular expression"
                  + " '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
        } else if (value.get().signum() < 0) {
          problems.invalid(field, entry.getValue(), "must be greater than or equal to 0");
        } else if (kind.equals("requests")
            && Trees.has(container, "resources", "limits", entry.getKey())
            && value
                    .get()
                    .compareTo(Quantities.at(container, "resources", "limits", entry.getKey()))
                > 0) {
          problems.invalid(field, entry.getValue(), "must be less than or equal to limit");
        }
      }
    }
  }

  /** Images, tolerations and a few numbers may change; the rest of a pod may not. */
  @Override
  public void validateUpdate(ObjectNode after, ObjectNode before, Problems problems) {
    JsonNode now = comparable(after, before);
    if (!now.equals(before.path("spec"))) {
      List<String> changed = new ArrayList<>();
      for (var entry : now.properties()) {
        if (!entry.getValue().equals(before.path("spec").path(entry.getKey()))) {
          changed.add(entry.getKey());
        }
      }
      problems.forbidden(
          "spec",
          "pod updates may not change fields other than `spec.containers[*].image`,"
              + "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
              + "`spec.tolerations` (only additions to existing tolerations),"
              + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was"
              + " previously negative); changed: "
              + String.join(", ", changed));
    }
  }

  /** The new specification with what may change taken from the old one. */
  private static JsonNode comparable(ObjectNode after, ObjectNode before) {
    ObjectNode spec = Trees.child(after, "spec").deepCopy();
    ObjectNode old = Trees.child(before, "spec");
    for (String list : CONTAINER_LISTS) {
      List<ObjectNode> containers = Trees.objects(spec, list);
      List<ObjectNode> was = Trees.objects(old, list);
      for (int i = 0; i < Math.min(containers.size(), was.size()); i++) {
        containers.get(i).set("image", was.get(i).path("image"));
        containers.get(i).set("imagePullPolicy", was.get(i).path("imagePullPolicy"));
      }
    }
    for (String field :
        new String[] {
          "activeDeadlineSeconds",
          "tolerations",
          "terminationGracePeriodSeconds",
          "schedulingGates",
          "nodeName",
          "ephemeralContainers"
        }) {
      boolean free =
          switch (field) {
            case "nodeName" -> Trees.text(old, field).isEmpty();
            default -> true;
          };
      if (free) {
        if (old.has(field)) {
          spec.set(field, old.get(field));
        } else {
          spec.remove(field);
        }
      }
    }
    return spec;
  }
}
