package org.k3sjvm.kubelet.translate;

import io.fabric8.kubernetes.api.model.AppArmorProfile;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.SeccompProfile;
import io.fabric8.kubernetes.api.model.SecurityContext;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.SecurityProfile;

/**
 * Seccomp and AppArmor: the container's word, then its pod's.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kuberuntime/helpers.go and pkg/security/apparmor.
 */
final class Profiles {
  private static final String ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";
  private static final String LOCAL = "localhost/";

  private Profiles() {}

  /**
   * The seccomp profile.
   *
   * @param directory below which files of the host's lie
   * @param byDefault whether a container that names none gets the runtime's
   * @throws ConfigException when a file is not named, or lies elsewhere
   */
  static SecurityProfile seccomp(
      SecurityContext own, PodSecurityContext pod, Path directory, boolean byDefault) {
    SeccompProfile profile =
        own.getSeccompProfile() != null ? own.getSeccompProfile() : pod.getSeccompProfile();
    if (profile == null) {
      return byDefault ? new SecurityProfile.RuntimeDefault() : new SecurityProfile.Unconfined();
    }
    return switch (String.valueOf(profile.getType())) {
      case "RuntimeDefault" -> new SecurityProfile.RuntimeDefault();
      case "Localhost" -> new SecurityProfile.Localhost(file(directory, profile));
      default -> new SecurityProfile.Unconfined();
    };
  }

  private static String file(Path directory, SeccompProfile profile) {
    String name = profile.getLocalhostProfile();
    if (name == null || name.isEmpty()) {
      throw new ConfigException(
          "localhostProfile must be set if seccompProfile type is Localhost.");
    }
    try {
      Path file = directory.resolve(name).normalize();
      if (!Path.of(name).isAbsolute() && file.startsWith(directory) && !file.equals(directory)) {
        return file.toString();
      }
    } catch (InvalidPathException _) { // no name of a file at all
    }
    throw new ConfigException(
        "localhostProfile must be the name of a file below the node's seccomp directory: " + name);
  }

  /**
   * The AppArmor profile; empty for the runtime's choice.
   *
   * @throws ConfigException when it is incomplete
   */
  static Optional<SecurityProfile> apparmor(
      Pod pod, Container container, SecurityContext own, PodSecurityContext pods) {
    if (own.getAppArmorProfile() != null) {
      return Optional.of(apparmor(own.getAppArmorProfile()));
    }
    Optional<SecurityProfile> annotated = annotated(pod, container);
    return annotated.isPresent()
        ? annotated
        : Optional.ofNullable(pods.getAppArmorProfile()).map(Profiles::apparmor);
  }

  private static SecurityProfile apparmor(AppArmorProfile profile) {
    return switch (String.valueOf(profile.getType())) {
      case "RuntimeDefault" -> new SecurityProfile.RuntimeDefault();
      case "Unconfined" -> new SecurityProfile.Unconfined();
      case "Localhost" -> {
        if (profile.getLocalhostProfile() == null) {
          throw new ConfigException("missing localhost apparmor profile name");
        }
        yield new SecurityProfile.Localhost(profile.getLocalhostProfile());
      }
      default ->
          throw new ConfigException("unknown apparmor profile type: \"" + profile.getType() + "\"");
    };
  }

  /** The older way to say it, before API servers of v1.30. */
  private static Optional<SecurityProfile> annotated(Pod pod, Container container) {
    @Nullable Map<String, String> annotations = pod.getMetadata().getAnnotations();
    String value = annotations == null ? null : annotations.get(ANNOTATION + container.getName());
    if (value == null) {
      return Optional.empty();
    }
    return switch (value) {
      case "runtime/default" -> Optional.of(new SecurityProfile.RuntimeDefault());
      case "unconfined" -> Optional.of(new SecurityProfile.Unconfined());
      default ->
          value.startsWith(LOCAL)
              ? Optional.of(new SecurityProfile.Localhost(value.substring(LOCAL.length())))
              : Optional.empty();
    };
  }
}
