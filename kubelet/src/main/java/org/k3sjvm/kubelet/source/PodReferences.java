package org.k3sjvm.kubelet.source;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;

/** Which objects of its namespace a pod names: those that it needs to start. */
public final class PodReferences {
  private record Form(Resource<?> resource, String field) {}

  /** By the name of the part that holds the reference. Source: Kubernetes API v1.36, PodSpec. */
  private static final Map<String, Form> FORMS =
      Map.of(
          "configMap", new Form(Resources.CONFIG_MAPS, "name"),
          "configMapRef", new Form(Resources.CONFIG_MAPS, "name"),
          "configMapKeyRef", new Form(Resources.CONFIG_MAPS, "name"),
          "nodePublishSecretRef", new Form(Resources.SECRETS, "name"),
          "secretRef", new Form(Resources.SECRETS, "name"),
          "secretKeyRef", new Form(Resources.SECRETS, "name"),
          "imagePullSecrets", new Form(Resources.SECRETS, "name"),
          "persistentVolumeClaim", new Form(Resources.PERSISTENT_VOLUME_CLAIMS, "claimName"));

  /**
   * A reference.
   *
   * @param name with the pod's namespace
   */
  public record Reference(Resource<?> resource, ObjectName name) {}

  private PodReferences() {}

  /** Of all the pods. */
  public static Set<Reference> of(Collection<Pod> pods) {
    Set<Reference> all = new HashSet<>();
    for (Pod pod : pods) {
      String namespace = pod.getMetadata().getNamespace();
      collect(KubeJson.tree(pod.getSpec()), namespace, all);
      for (Volume volume : pod.getSpec().getVolumes()) {
        if (volume.getEphemeral() != null) {
          String claim = pod.getMetadata().getName() + "-" + volume.getName();
          add(Resources.PERSISTENT_VOLUME_CLAIMS, namespace, claim, all);
        }
      }
      String account = pod.getSpec().getServiceAccountName();
      add(
          Resources.SERVICE_ACCOUNTS,
          namespace,
          account == null || account.isEmpty() ? "default" : account,
          all);
    }
    return all;
  }

  private static void collect(JsonNode node, String namespace, Set<Reference> all) {
    node.properties()
        .forEach(
            entry -> {
              JsonNode value = entry.getValue();
              Form form = FORMS.get(entry.getKey());
              if (form != null) {
                Iterable<JsonNode> holders = value.isArray() ? value : Set.of(value);
                holders.forEach(
                    h -> add(form.resource(), namespace, h.path(form.field()).asText(), all));
              } else if (entry.getKey().equals("secret")) {
                secret(value, namespace, all);
              }
              collect(value, namespace, all);
            });
    if (node.isArray()) {
      node.forEach(item -> collect(item, namespace, all));
    }
  }

  /** A volume of its own says {@code secretName}, a projected one {@code name}. */
  private static void secret(JsonNode value, String namespace, Set<Reference> all) {
    add(Resources.SECRETS, namespace, value.path("secretName").asText(), all);
    add(Resources.SECRETS, namespace, value.path("name").asText(), all);
  }

  private static void add(Resource<?> resource, String namespace, String name, Set<Reference> all) {
    if (!name.isEmpty()) {
      all.add(new Reference(resource, new ObjectName(namespace, name)));
    }
  }
}
