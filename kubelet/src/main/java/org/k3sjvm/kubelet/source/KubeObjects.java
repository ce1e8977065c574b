package org.k3sjvm.kubelet.source;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Secret;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kubelet.env.EnvObjects;
import org.k3sjvm.kubelet.image.PullSecrets;
import org.k3sjvm.kubelet.translate.ConfigException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Objects that containers refer to, asked for when one is made. */
public final class KubeObjects implements EnvObjects {
  private static final Logger log = LoggerFactory.getLogger(KubeObjects.class);

  private final KubeApi api;

  public KubeObjects(KubeApi api) {
    this.api = api;
  }

  @Override
  public Optional<Map<String, String>> configMap(String namespace, String name)
      throws InterruptedException {
    try {
      return api.find(Resources.CONFIG_MAPS, new ObjectName(namespace, name))
          .map(ConfigMap::getData)
          .map(d -> d == null ? Map.of() : d);
    } catch (KubeException e) {
      throw new ConfigException(e.statusMessage());
    }
  }

  @Override
  public Optional<Map<String, String>> secret(String namespace, String name)
      throws InterruptedException {
    try {
      return api.find(Resources.SECRETS, new ObjectName(namespace, name)).map(KubeObjects::decoded);
    } catch (KubeException e) {
      throw new ConfigException(e.statusMessage());
    }
  }

  /** Pull secrets, as {@link PullSecrets} asks for them. */
  public PullSecrets.Found pullSecrets(String namespace, List<String> names)
      throws InterruptedException {
    List<PullSecrets.PullSecret> found = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    for (String name : names) {
      try {
        api.find(Resources.SECRETS, new ObjectName(namespace, name))
            .ifPresentOrElse(
                secret -> pullSecret(secret).ifPresent(found::add), () -> missing.add(name));
      } catch (KubeException e) {
        missing.add(name);
        log.atWarn()
            .addKeyValue("secret", namespace + "/" + name)
            .addKeyValue("reason", e.getMessage())
            .log("cannot read pull secret");
      }
    }
    return new PullSecrets.Found(found, missing);
  }

  /** Empty when it is of another kind, or has no logins. */
  private static Optional<PullSecrets.PullSecret> pullSecret(Secret secret) {
    boolean legacy = "kubernetes.io/dockercfg".equals(secret.getType());
    if (!legacy && !"kubernetes.io/dockerconfigjson".equals(secret.getType())) {
      return Optional.empty();
    }
    String json = decoded(secret).getOrDefault(legacy ? ".dockercfg" : ".dockerconfigjson", "");
    return json.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new PullSecrets.PullSecret(
                String.valueOf(secret.getMetadata().getUid()),
                secret.getMetadata().getNamespace(),
                secret.getMetadata().getName(),
                legacy,
                new org.k3sjvm.base.secret.Secret(json)));
  }

  /** The handler of a RuntimeClass; empty when there is no such class. */
  public Optional<String> runtimeHandler(String runtimeClass) throws InterruptedException {
    return api.find(Resources.RUNTIME_CLASSES, ObjectName.ofCluster(runtimeClass))
        .map(GenericKubernetesResource::getAdditionalProperties)
        .map(p -> String.valueOf(p.getOrDefault("handler", "")));
  }

  private static Map<String, String> decoded(Secret secret) {
    Map<String, String> data = new HashMap<>();
    if (secret.getData() != null) {
      secret
          .getData()
          .forEach(
              (k, v) ->
                  data.put(k, new String(Base64.getDecoder().decode(v), StandardCharsets.UTF_8)));
    }
    return data;
  }
}
