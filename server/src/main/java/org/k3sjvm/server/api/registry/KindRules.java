package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/** Which rules go with which kind; the small ones are here. */
final class KindRules {
  private static final Map<Kind, Rules> RULES = new HashMap<>();

  static {
    RULES.put(Kinds.POD, new PodRules());
    RULES.put(Kinds.SERVICE, new ServiceRules());
    for (Kind kind :
        new Kind[] {
          Kinds.DEPLOYMENT,
          Kinds.REPLICA_SET,
          Kinds.REPLICATION_CONTROLLER,
          Kinds.STATEFUL_SET,
          Kinds.DAEMON_SET,
          Kinds.JOB,
          Kinds.CRON_JOB
        }) {
      RULES.put(kind, new WorkloadRules(kind));
    }
    RULES.put(Kinds.NAMESPACE, new NamespaceRules());
    RULES.put(Kinds.NODE, new NodeRules());
    RULES.put(Kinds.SECRET, new DataRules("Secret"));
    RULES.put(Kinds.CONFIG_MAP, new DataRules("ConfigMap"));
    RULES.put(Kinds.PVC, new ClaimRules());
    RULES.put(Kinds.PV, new PhaseRules("Pending"));
    RULES.put(Kinds.ENDPOINTS, new EndpointsRules());
    RULES.put(Kinds.ENDPOINT_SLICE, new SliceRules());
    RULES.put(Kinds.STORAGE_CLASS, new StorageClassRules());
    RULES.put(Kinds.ROLE_BINDING, new BindingRules());
    RULES.put(Kinds.CLUSTER_ROLE_BINDING, new BindingRules());
    RULES.put(Kinds.NETWORK_POLICY, new NetworkPolicyRules());
  }

  private KindRules() {}

  static Rules of(Kind kind) {
    return RULES.getOrDefault(kind, Rules.NONE);
  }

  private static final class NamespaceRules implements Rules {
    @Override
    public void defaults(ObjectNode object) {
      Trees.child(object, "metadata", "labels")
          .put("kubernetes.io/metadata.name", Meta.name(object));
    }

    @Override
    public void beforeCreate(ObjectNode object) {
      object.putObject("spec").putArray("finalizers").add("kubernetes");
      object.putObject("status").put("phase", "Active");
    }
  }

  /** Kubelets register with a status. */
  private static final class NodeRules implements Rules {
    @Override
    public void defaults(ObjectNode object) {
      Trees.child(object, "spec");
    }

    @Override
    public boolean keepsStatusAtCreation() {
      return true;
    }

    @Override
    public void validateUpdate(ObjectNode after, ObjectNode before, Problems problems) {
      String was = Trees.text(before, "spec", "podCIDR");
      String now = Trees.text(after, "spec", "podCIDR");
      if (!was.isEmpty() && !was.equals(now)) {
        problems.forbidden("spec.podCIDR", "node updates may not change podCIDR once set");
      }
    }
  }

  private record DataRules(String kind) implements Rules {
    @Override
    public void defaults(ObjectNode object) {
      if (!kind.equals("Secret")) {
        return;
      }
      Trees.fill(object, "type", "Opaque");
      if (object.remove("stringData") instanceof ObjectNode text) {
        ObjectNode data = Trees.child(object, "data");
        for (Map.Entry<String, JsonNode> entry : text.properties()) {
          data.put(
              entry.getKey(),
              java.util.Base64.getEncoder()
                  .encodeToString(
                      entry.getValue().asText().getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        }
      }
    }

    @Override
    public void validate(ObjectNode object, Problems problems) {
      String[] maps =
          kind.equals("Secret") ? new String[] {"data"} : new String[] {"data", "binaryData"};
      for (String map : maps) {
        for (String key : Trees.map(object, map).keySet()) {
          if (!key.matches("[-._a-zA-Z0-9]{1,253}") || key.equals(".") || key.startsWith("..")) {
            problems.invalid(
                map + "[" + key + "]",
                key,
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.'");
          }
        }
      }
      for (Map.Entry<String, String> entry :
          kind.equals("Secret")
              ? Trees.map(object, "data").entrySet()
              : Trees.map(object, "binaryData").entrySet()) {
        try {
          java.util.Base64.getDecoder().decode(entry.getValue());
        } catch (IllegalArgumentException _) {
          problems.invalid("data[" + entry.getKey() + "]", "", "must be base64");
        }
      }
    }

    @Override
    public void validateUpdate(ObjectNode after, ObjectNode before, Problems problems) {
      if (kind.equals("Secret") && !after.path("type").equals(before.path("type"))) {
        problems.invalid("type", after.path("type").asText(), "field is immutable");
      }
      if (before.path("immutable").asBoolean(false)) {
        boolean same =
            after.path("data").equals(before.path("data"))
                && after.path("binaryData").equals(before.path("binaryData"))
                && after.path("immutable").asBoolean(false);
        if (!same) {
          problems.forbidden("data", "field is immutable when `immutable` is set");
        }
      }
    }
  }

  private static final class ClaimRules implements Rules {
    @Override
    public void defaults(ObjectNode object) {
      Trees.fill(Trees.child(object, "spec"), "volumeMode", "Filesystem");
      Trees.fill(Trees.child(object, "status"), "phase", "Pending");
    }

    @Override
    public void validate(ObjectNode object, Problems problems) {
      if (Trees.at(object, "spec", "accessModes").isEmpty()) {
        problems.required("spec.accessModes", "at least 1 access mode is required");
      }
    }
  }

  private record PhaseRules(String phase) implements Rules {
    @Override
    public void defaults(ObjectNode object) {
      Trees.fill(Trees.child(object, "spec"), "volumeMode", "Filesystem");
      Trees.fill(Trees.child(object, "spec"), "persistentVolumeReclaimPolicy", "Retain");
      Trees.fill(Trees.child(object, "status"), "phase", phase);
    }
  }

  private static final class EndpointsRules implements Rules {
    @Override
    public void defaults(ObjectNode object) {
      for (ObjectNode subset : Trees.objects(object, "subsets")) {
        for (ObjectNode port : Trees.objects(subset, "ports")) {
          Trees.fill(port, "protocol", "TCP");
        }
      }
    }
  }

  private static final class SliceRules implements Rules {
    @Override
    public void defaults(ObjectNode object) {
      for (ObjectNode port : Trees.objects(object, "ports")) {
        Trees.fill(port, "protocol", "TCP");
        if (!port.has("name")) {
          port.put("name", "");
        }
      }
    }

    @Override
    public void validateUpdate(ObjectNode after, ObjectNode before, Problems problems) {
      if (!after.path("addressType").equals(before.path("addressType"))) {
        problems.invalid("addressType", after.path("addressType").asText(), "field is immutable");
      }
    }
  }

  private static final class StorageClassRules implements Rules {
    @Override
    public void defaults(ObjectNode object) {
      Trees.fill(object, "reclaimPolicy", "Delete");
      Trees.fill(object, "volumeBindingMode", "Immediate");
    }
  }

  private static final class BindingRules implements Rules {
    @Override
    public void defaults(ObjectNode object) {
      Trees.fill(Trees.child(object, "roleRef"), "apiGroup", "rbac.authorization.k8s.io");
      for (ObjectNode subject : Trees.objects(object, "subjects")) {
        if (!Trees.text(subject, "kind").equals("ServiceAccount")) {
          Trees.fill(subject, "apiGroup", "rbac.authorization.k8s.io");
        }
      }
    }

    @Override
    public void validateUpdate(ObjectNode after, ObjectNode before, Problems problems) {
      if (!after.path("roleRef").equals(before.path("roleRef"))) {
        problems.invalid("roleRef", after.path("roleRef").toString(), "cannot change roleRef");
      }
    }
  }

  private static final class NetworkPolicyRules implements Rules {
    @Override
    public void defaults(ObjectNode object) {
      ObjectNode spec = Trees.child(object, "spec");
      Trees.child(spec, "podSelector");
      if (!spec.has("policyTypes")) {
        var types = spec.putArray("policyTypes").add("Ingress");
        if (spec.has("egress")) {
          types.add("Egress");
        }
      }
      for (String direction : new String[] {"ingress", "egress"}) {
        for (ObjectNode rule : Trees.objects(spec, direction)) {
          for (ObjectNode port : Trees.objects(rule, "ports")) {
            Trees.fill(port, "protocol", "TCP");
          }
        }
      }
    }
  }
}
