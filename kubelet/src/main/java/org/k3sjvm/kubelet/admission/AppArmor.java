package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.AppArmorProfile;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.SecurityContext;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kubelet.admission.Verdict.Rejected;

/**
 * Whether the profiles that a pod asks for can be enforced here.
 *
 * <p>Source: Kubernetes v1.36 pkg/security/apparmor.
 */
final class AppArmor {
  private static final String ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";

  private AppArmor() {}

  static Optional<Rejected> check(Pod pod, boolean enforced) {
    PodSpec spec = pod.getSpec();
    if (!wanted(pod)) {
      return Optional.empty();
    }
    if (!enforced) {
      return Optional.of(rejected("AppArmor is not enabled on the host"));
    }
    boolean nameless =
        Stream.concat(
                Stream.of(ofPod(spec)),
                Stream.concat(spec.getContainers().stream(), spec.getInitContainers().stream())
                    .map(AppArmor::ofContainer))
            .flatMap(Optional::stream)
            .anyMatch(p -> "Localhost".equals(p.getType()) && blank(p.getLocalhostProfile()));
    return nameless
        ? Optional.of(rejected("invalid empty AppArmor profile name: \"\""))
        : Optional.empty();
  }

  private static boolean wanted(Pod pod) {
    PodSpec spec = pod.getSpec();
    if (confining(ofPod(spec))
        || Stream.concat(spec.getContainers().stream(), spec.getInitContainers().stream())
            .anyMatch(c -> confining(ofContainer(c)))) {
      return true;
    }
    Map<String, String> annotations = pod.getMetadata().getAnnotations();
    return annotations != null
        && annotations.entrySet().stream()
            .anyMatch(a -> a.getKey().startsWith(ANNOTATION) && !a.getValue().equals("unconfined"));
  }

  private static boolean confining(Optional<AppArmorProfile> profile) {
    return profile.filter(p -> !"Unconfined".equals(p.getType())).isPresent();
  }

  private static Optional<AppArmorProfile> ofPod(PodSpec spec) {
    return Optional.ofNullable(spec.getSecurityContext()).map(s -> s.getAppArmorProfile());
  }

  private static Optional<AppArmorProfile> ofContainer(Container container) {
    return Optional.ofNullable(container.getSecurityContext())
        .map(SecurityContext::getAppArmorProfile);
  }

  private static boolean blank(@Nullable String text) {
    return text == null || text.isBlank();
  }

  private static Rejected rejected(String why) {
    return new Rejected("AppArmor", "Cannot enforce AppArmor: " + why);
  }
}
