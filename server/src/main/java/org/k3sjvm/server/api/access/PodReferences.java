package org.k3sjvm.server.api.access;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.Set;
import org.k3sjvm.server.api.tree.Trees;

/** Which secrets, configmaps and claims a pod names. */
public final class PodReferences {
  private static final String[] VOLUME_SECRETS = {
    "azureFile", "cephfs", "cinder", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"
  };

  private PodReferences() {}

  /**
   * The names of one resource: {@code secrets}, {@code configmaps} or {@code
   * persistentvolumeclaims}.
   */
  public static Set<String> names(ObjectNode pod, String resource) {
    Set<String> names = new HashSet<>();
    JsonNode spec = pod.path("spec");
    switch (resource) {
      case "secrets" -> secrets(spec, names);
      case "configmaps" -> configMaps(spec, names);
      case "persistentvolumeclaims" -> {
        for (JsonNode volume : spec.path("volumes")) {
          add(names, Trees.text(volume, "persistentVolumeClaim", "claimName"));
          if (volume.has("ephemeral")) {
            add(names, Trees.text(pod, "metadata", "name") + "-" + Trees.text(volume, "name"));
          }
        }
      }
      default -> {}
    }
    return names;
  }

  private static void secrets(JsonNode spec, Set<String> names) {
    for (JsonNode secret : spec.path("imagePullSecrets")) {
      add(names, Trees.text(secret, "name"));
    }
    environment(spec, "secretRef", "secretKeyRef", names);
    for (JsonNode volume : spec.path("volumes")) {
      add(names, Trees.text(volume, "secret", "secretName"));
      add(names, Trees.text(volume, "csi", "nodePublishSecretRef", "name"));
      for (String source : VOLUME_SECRETS) {
        add(names, Trees.text(volume, source, "secretRef", "name"));
        add(names, Trees.text(volume, source, "secretName"));
      }
      for (JsonNode source : volume.path("projected").path("sources")) {
        add(names, Trees.text(source, "secret", "name"));
      }
    }
  }

  private static void configMaps(JsonNode spec, Set<String> names) {
    environment(spec, "configMapRef", "configMapKeyRef", names);
    for (JsonNode volume : spec.path("volumes")) {
      add(names, Trees.text(volume, "configMap", "name"));
      for (JsonNode source : volume.path("projected").path("sources")) {
        add(names, Trees.text(source, "configMap", "name"));
      }
    }
  }

  private static void environment(JsonNode spec, String from, String key, Set<String> names) {
    for (String list : new String[] {"initContainers", "containers", "ephemeralContainers"}) {
      for (JsonNode container : spec.path(list)) {
        for (JsonNode source : container.path("envFrom")) {
          add(names, Trees.text(source, from, "name"));
        }
        for (JsonNode variable : container.path("env")) {
          add(names, Trees.text(variable, "valueFrom", key, "name"));
        }
      }
    }
  }

  private static void add(Set<String> names, String name) {
    if (!name.isEmpty()) {
      names.add(name);
    }
  }
}
