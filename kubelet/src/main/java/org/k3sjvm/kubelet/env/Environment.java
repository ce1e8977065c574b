package org.k3sjvm.kubelet.env;

import io.fabric8.kubernetes.api.model.ConfigMapKeySelector;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecretKeySelector;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kubelet.translate.ConfigException;

/**
 * The variables of one container: services, then envFrom, then env; later ones win.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables.
 */
public final class Environment {
  private Environment() {}

  /**
   * What variables are made from besides the pod.
   *
   * @param services variables of services, the lowest in rank
   * @param podIps the pod's addresses now, the primary first
   * @param allocatable the node's resources
   * @param volumes where the pod's volumes are on this host, by name
   */
  public record Sources(
      Map<String, String> services,
      List<String> podIps,
      List<String> hostIps,
      Map<String, Quantity> allocatable,
      EnvObjects objects,
      Map<String, Path> volumes) {

    public Sources {
      services = new LinkedHashMap<>(services);
      podIps = List.copyOf(podIps);
      hostIps = List.copyOf(hostIps);
      allocatable = Map.copyOf(allocatable);
      volumes = Map.copyOf(volumes);
    }
  }

  /**
   * In declared order, then the services'.
   *
   * @throws ConfigException when an object or key that is not optional is missing
   */
  public static Map<String, String> of(Pod pod, Container container, Sources sources)
      throws InterruptedException {
    Map<String, String> own = new LinkedHashMap<>();
    for (EnvFromSource from : container.getEnvFrom()) {
      fromAll(pod, from, sources.objects(), own);
    }
    Map<String, String> known = new HashMap<>(sources.services());
    known.putAll(own);
    for (EnvVar variable : container.getEnv()) {
      Optional<String> value = value(pod, container, variable, sources, known);
      value.ifPresent(
          v -> {
            own.put(variable.getName(), v);
            known.put(variable.getName(), v);
          });
    }
    sources.services().forEach(own::putIfAbsent);
    return own;
  }

  private static Optional<String> value(
      Pod pod, Container container, EnvVar variable, Sources sources, Map<String, String> known)
      throws InterruptedException {
    EnvVarSource from = variable.getValueFrom();
    if (from == null) {
      String text = variable.getValue();
      return Optional.of(text == null ? "" : Expansion.expand(text, known));
    }
    String namespace = pod.getMetadata().getNamespace();
    if (from.getFieldRef() != null) {
      return Optional.of(
          PodFields.field(
              from.getFieldRef().getFieldPath(), pod, sources.podIps(), sources.hostIps()));
    }
    if (from.getResourceFieldRef() != null) {
      return Optional.of(
          PodFields.resource(
              pod, Optional.of(container), from.getResourceFieldRef(), sources.allocatable()));
    }
    if (from.getFileKeyRef() != null) {
      return EnvFiles.value(from.getFileKeyRef(), sources.volumes());
    }
    if (from.getConfigMapKeyRef() != null) {
      ConfigMapKeySelector ref = from.getConfigMapKeyRef();
      return key(
          "ConfigMap",
          namespace,
          ref.getName(),
          ref.getKey(),
          ref.getOptional(),
          sources.objects().configMap(namespace, ref.getName()));
    }
    if (from.getSecretKeyRef() != null) {
      SecretKeySelector ref = from.getSecretKeyRef();
      return key(
          "Secret",
          namespace,
          ref.getName(),
          ref.getKey(),
          ref.getOptional(),
          sources.objects().secret(namespace, ref.getName()));
    }
    throw new ConfigException(
        "environment variable " + variable.getName() + " has a source this node does not know");
  }

  private static Optional<String> key(
      String kind,
      String namespace,
      String name,
      String key,
      @Nullable Boolean optional,
      Optional<Map<String, String>> object) {
    boolean mayLack = Boolean.TRUE.equals(optional);
    if (object.isEmpty()) {
      if (mayLack) {
        return Optional.empty();
      }
      throw missing(kind, name);
    }
    String value = object.get().get(key);
    if (value == null && !mayLack) {
      throw new ConfigException(
          "couldn't find key " + key + " in " + kind + " " + namespace + "/" + name);
    }
    return Optional.ofNullable(value);
  }

  private static void fromAll(
      Pod pod, EnvFromSource from, EnvObjects objects, Map<String, String> into)
      throws InterruptedException {
    String namespace = pod.getMetadata().getNamespace();
    String prefix = from.getPrefix() == null ? "" : from.getPrefix();
    Optional<Map<String, String>> data = Optional.empty();
    if (from.getConfigMapRef() != null) {
      String name = from.getConfigMapRef().getName();
      data = objects.configMap(namespace, name);
      require("ConfigMap", name, from.getConfigMapRef().getOptional(), data);
    } else if (from.getSecretRef() != null) {
      String name = from.getSecretRef().getName();
      data = objects.secret(namespace, name);
      require("Secret", name, from.getSecretRef().getOptional(), data);
    }
    data.orElse(Map.of()).entrySet().stream()
        .filter(e -> !e.getKey().contains("="))
        .sorted(Map.Entry.comparingByKey())
        .forEach(e -> into.put(prefix + e.getKey(), e.getValue()));
  }

  private static void require(
      String kind, String name, @Nullable Boolean optional, Optional<?> object) {
    if (object.isEmpty() && !Boolean.TRUE.equals(optional)) {
      throw missing(kind, name);
    }
  }

  private static ConfigException missing(String kind, String name) {
    return new ConfigException(
        (kind.equals("Secret") ? "secret" : "configmap") + " \"" + name + "\" not found");
  }
}
