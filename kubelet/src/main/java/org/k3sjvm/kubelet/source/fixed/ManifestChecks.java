package org.k3sjvm.kubelet.source.fixed;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kubelet.resources.PodRequests;

/**
 * What a static pod must have and must not refer to. The API server checks more when it gets the
 * mirror; what matters here is that nothing harmful or senseless starts.
 *
 * <p>Source: Kubernetes v1.36 pkg/apis/core/validation and pkg/api/pod HasAPIObjectReference.
 */
final class ManifestChecks {
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
  private static final Pattern SUBDOMAIN =
      Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
  private static final int LONGEST_NAME = 253;
  private static final Set<String> RESTARTS = Set.of("Always", "OnFailure", "Never");

  private ManifestChecks() {}

  static void check(Pod pod) throws ManifestException {
    String name = pod.getMetadata().getName();
    require(
        name.length() <= LONGEST_NAME && SUBDOMAIN.matcher(name).matches(),
        "the name " + name + " is not a DNS subdomain");
    String namespace = pod.getMetadata().getNamespace();
    require(LABEL.matcher(namespace).matches(), "the namespace " + namespace + " is not a label");
    String uid = pod.getMetadata().getUid();
    require(uid.matches("[-A-Za-z0-9_.]{1,100}") && !uid.contains(".."), "the uid is not an id");
    PodSpec spec = pod.getSpec();
    require(RESTARTS.contains(spec.getRestartPolicy()), "the restart policy is unknown");
    require(spec.getEphemeralContainers().isEmpty(), "ephemeral containers are not for manifests");
    require(!spec.getContainers().isEmpty(), "it needs a container");
    containers(spec);
    Optional<String> reference = reference(spec);
    require(reference.isEmpty(), "static pods may not reference " + reference.orElse(""));
  }

  private static void containers(PodSpec spec) throws ManifestException {
    Set<String> volumes = new HashSet<>();
    for (Volume volume : spec.getVolumes()) {
      label("volume", volume.getName());
      require(volumes.add(volume.getName()), "two volumes are named " + volume.getName());
    }
    Set<String> names = new HashSet<>();
    for (Container c : all(spec)) {
      label("container", c.getName());
      require(names.add(c.getName()), "two containers are named " + c.getName());
      require(c.getImage() != null && !c.getImage().isBlank(), c.getName() + " needs an image");
      for (VolumeMount mount : c.getVolumeMounts()) {
        require(volumes.contains(mount.getName()), "there is no volume " + mount.getName());
        require(
            mount.getMountPath() != null && !mount.getMountPath().isEmpty(),
            "a mount of " + mount.getName() + " needs a path");
      }
      quantities(c.getResources());
    }
    quantities(spec.getResources());
  }

  private static void quantities(@Nullable ResourceRequirements resources)
      throws ManifestException {
    if (resources == null) {
      return;
    }
    try {
      boolean negative =
          Stream.of(resources.getRequests(), resources.getLimits())
              .flatMap(q -> PodRequests.amounts(q).values().stream())
              .anyMatch(a -> a.signum() < 0);
      require(!negative, "a resource is less than nothing");
      Map<String, BigDecimal> limits = PodRequests.amounts(resources.getLimits());
      boolean beyond =
          PodRequests.amounts(resources.getRequests()).entrySet().stream()
              .anyMatch(
                  r -> r.getValue().compareTo(limits.getOrDefault(r.getKey(), r.getValue())) > 0);
      require(!beyond, "a request is beyond its limit");
    } catch (IllegalArgumentException e) {
      throw new ManifestException("a resource is not a quantity: " + e.getMessage(), e);
    }
  }

  /** What of the API server the pod refers to, as messages call it. */
  private static Optional<String> reference(PodSpec spec) {
    if (spec.getServiceAccountName() != null && !spec.getServiceAccountName().isEmpty()) {
      return Optional.of("serviceaccounts");
    }
    boolean secrets =
        !spec.getImagePullSecrets().isEmpty()
            || all(spec).stream()
                .anyMatch(
                    c ->
                        c.getEnvFrom().stream().anyMatch(e -> e.getSecretRef() != null)
                            || c.getEnv().stream().anyMatch(ManifestChecks::fromSecret));
    if (secrets) {
      return Optional.of("secrets");
    }
    boolean maps =
        all(spec).stream()
            .anyMatch(
                c ->
                    c.getEnvFrom().stream().anyMatch(e -> e.getConfigMapRef() != null)
                        || c.getEnv().stream().anyMatch(ManifestChecks::fromConfigMap));
    if (maps) {
      return Optional.of("configmaps");
    }
    if (!spec.getResourceClaims().isEmpty()) {
      return Optional.of("resourceclaims");
    }
    return spec.getVolumes().stream().flatMap(v -> volume(v).stream()).findFirst();
  }

  private static Optional<String> volume(Volume volume) {
    if (volume.getConfigMap() != null) {
      return Optional.of("configmaps (via configmap volumes)");
    }
    if (volume.getSecret() != null) {
      return Optional.of("secrets (via secret volumes)");
    }
    if (volume.getCsi() != null) {
      return Optional.of("csidrivers (via CSI volumes)");
    }
    if (volume.getGlusterfs() != null) {
      return Optional.of("endpoints (via glusterFS volumes)");
    }
    if (volume.getPersistentVolumeClaim() != null) {
      return Optional.of("persistentvolumeclaims");
    }
    if (volume.getEphemeral() != null) {
      return Optional.of("persistentvolumeclaims (via ephemeral volumes)");
    }
    if (volume.getAzureFile() != null) {
      return Optional.of("secrets (via azureFile volumes)");
    }
    return volume.getProjected() == null
        ? Optional.empty()
        : volume.getProjected().getSources().stream()
            .flatMap(p -> projection(p).stream())
            .findFirst();
  }

  private static Optional<String> projection(VolumeProjection source) {
    if (source.getConfigMap() != null) {
      return Optional.of("configmaps (via projected volumes)");
    }
    if (source.getSecret() != null) {
      return Optional.of("secrets (via projected volumes)");
    }
    if (source.getServiceAccountToken() != null) {
      return Optional.of("serviceaccounts (via projected volumes)");
    }
    if (source.getClusterTrustBundle() != null) {
      return Optional.of("clustertrustbundles");
    }
    return source.getPodCertificate() == null ? Optional.empty() : Optional.of("podcertificates");
  }

  private static boolean fromSecret(EnvVar env) {
    return env.getValueFrom() != null && env.getValueFrom().getSecretKeyRef() != null;
  }

  private static boolean fromConfigMap(EnvVar env) {
    return env.getValueFrom() != null && env.getValueFrom().getConfigMapKeyRef() != null;
  }

  private static List<Container> all(PodSpec spec) {
    return Stream.concat(spec.getInitContainers().stream(), spec.getContainers().stream()).toList();
  }

  private static void label(String what, @Nullable String name) throws ManifestException {
    require(
        name != null && LABEL.matcher(name).matches(),
        "the " + what + " name " + name + " is not a DNS label");
  }

  private static void require(boolean holds, String otherwise) throws ManifestException {
    if (!holds) {
      throw new ManifestException(otherwise);
    }
  }
}
