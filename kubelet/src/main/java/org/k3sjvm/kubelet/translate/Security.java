package org.k3sjvm.kubelet.translate;

import io.fabric8.kubernetes.api.model.AppArmorProfile;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.SELinuxOptions;
import io.fabric8.kubernetes.api.model.SeccompProfile;
import io.fabric8.kubernetes.api.model.SecurityContext;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.Capabilities;
import org.k3sjvm.cri.ContainerSecurityContext;
import org.k3sjvm.cri.ContainerSecurityContext.RunAs;
import org.k3sjvm.cri.NamespaceMode;
import org.k3sjvm.cri.NamespaceOptions;
import org.k3sjvm.cri.SandboxSecurityContext;
import org.k3sjvm.cri.SeLinuxOptions;
import org.k3sjvm.cri.SecurityProfile;
import org.k3sjvm.cri.SupplementalGroupsPolicy;

/**
 * Who runs and with which rights; a container's own word comes before its pod's, field by field.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kuberuntime/security_context.go and pkg/securitycontext.
 */
public final class Security {
  /** Source: Kubernetes v1.36 pkg/securitycontext/util.go, defaultMaskedPaths. */
  private static final List<String> MASKED =
      List.of(
          "/proc/asound",
          "/proc/acpi",
          "/proc/interrupts",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/proc/sched_debug",
          "/proc/scsi",
          "/sys/firmware",
          "/sys/devices/virtual/powercap");

  private static final List<String> READ_ONLY =
      List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

  private Security() {}

  /** The sandbox's. */
  public static SandboxSecurityContext ofSandbox(PodSpec spec) {
    PodSecurityContext pod = podContext(spec);
    boolean privileged =
        spec.getContainers().stream().anyMatch(Security::privileged)
            || spec.getInitContainers().stream().anyMatch(Security::privileged);
    OptionalLong user = number(pod.getRunAsUser());
    return new SandboxSecurityContext(
        namespaces(spec),
        seLinux(pod.getSeLinuxOptions()),
        user,
        user.isPresent() ? number(pod.getRunAsGroup()) : OptionalLong.empty(),
        false,
        groups(pod),
        policy(pod),
        privileged,
        Optional.of(new SecurityProfile.RuntimeDefault()),
        Optional.empty());
  }

  /**
   * A container's.
   *
   * @param imageUser whom the image names; empty for root
   * @param root of the kubelet, below which seccomp profiles lie
   * @throws ConfigException when the container must not run as root and would, or may
   */
  public static ContainerSecurityContext of(
      PodSpec spec, Container container, Optional<RunAs> imageUser, Path root) {
    PodSecurityContext pod = podContext(spec);
    SecurityContext own =
        Objects.requireNonNullElseGet(container.getSecurityContext(), SecurityContext::new);
    Optional<Long> user = first(own.getRunAsUser(), pod.getRunAsUser());
    Optional<Long> group = first(own.getRunAsGroup(), pod.getRunAsGroup());
    boolean nonRoot = first(own.getRunAsNonRoot(), pod.getRunAsNonRoot()).orElse(false);
    if (nonRoot) {
      verifyNotRoot(user, imageUser);
    }
    boolean masked = !"Unmasked".equals(own.getProcMount());
    ContainerSecurityContext.Builder builder =
        ContainerSecurityContext.DEFAULT.toBuilder()
            .namespaces(namespaces(spec))
            .privileged(privileged(container))
            .readonlyRootfs(Boolean.TRUE.equals(own.getReadOnlyRootFilesystem()))
            .noNewPrivileges(Boolean.FALSE.equals(own.getAllowPrivilegeEscalation()))
            .supplementalGroups(groups(pod))
            .supplementalGroupsPolicy(policy(pod))
            .maskedPaths(masked ? MASKED : List.of())
            .readonlyPaths(masked ? READ_ONLY : List.of())
            .user(user.<RunAs>map(RunAs.Uid::new).or(() -> imageUser).orElse(new RunAs.Uid(0)));
    group.ifPresent(builder::runAsGroup);
    if (own.getCapabilities() != null) {
      builder.capabilities(
          new Capabilities(own.getCapabilities().getAdd(), own.getCapabilities().getDrop()));
    }
    seLinux(own.getSeLinuxOptions() != null ? own.getSeLinuxOptions() : pod.getSeLinuxOptions())
        .ifPresent(builder::seLinux);
    builder.seccomp(
        seccomp(
            own.getSeccompProfile() != null ? own.getSeccompProfile() : pod.getSeccompProfile(),
            root));
    apparmor(own.getAppArmorProfile() != null ? own.getAppArmorProfile() : pod.getAppArmorProfile())
        .ifPresent(builder::apparmor);
    return builder.build();
  }

  static NamespaceOptions namespaces(PodSpec spec) {
    return new NamespaceOptions(
        Boolean.TRUE.equals(spec.getHostNetwork()) ? NamespaceMode.NODE : NamespaceMode.POD,
        Boolean.TRUE.equals(spec.getHostPID())
            ? NamespaceMode.NODE
            : Boolean.TRUE.equals(spec.getShareProcessNamespace())
                ? NamespaceMode.POD
                : NamespaceMode.CONTAINER,
        Boolean.TRUE.equals(spec.getHostIPC()) ? NamespaceMode.NODE : NamespaceMode.POD);
  }

  private static void verifyNotRoot(Optional<Long> user, Optional<RunAs> imageUser) {
    if (user.isPresent()) {
      if (user.get() == 0) {
        throw new ConfigException("container's runAsUser breaks non-root policy");
      }
      return;
    }
    switch (imageUser.orElse(new RunAs.Uid(0))) {
      case RunAs.Uid(long uid) -> {
        if (uid == 0) {
          throw new ConfigException("container has runAsNonRoot and image will run as root");
        }
      }
      case RunAs.Username(String name) ->
          throw new ConfigException(
              "container has runAsNonRoot and image has non-numeric user ("
                  + name
                  + "), cannot verify user is non-root");
    }
  }

  private static SecurityProfile seccomp(@Nullable SeccompProfile profile, Path root) {
    if (profile == null) {
      return new SecurityProfile.Unconfined();
    }
    return switch (String.valueOf(profile.getType())) {
      case "RuntimeDefault" -> new SecurityProfile.RuntimeDefault();
      case "Localhost" -> {
        String name = profile.getLocalhostProfile();
        if (name == null || name.isEmpty()) {
          throw new ConfigException(
              "localhostProfile must be set if seccompProfile type is Localhost.");
        }
        yield new SecurityProfile.Localhost(root.resolve("seccomp").resolve(name).toString());
      }
      default -> new SecurityProfile.Unconfined();
    };
  }

  private static Optional<SecurityProfile> apparmor(@Nullable AppArmorProfile profile) {
    if (profile == null) {
      return Optional.empty();
    }
    return Optional.of(
        switch (String.valueOf(profile.getType())) {
          case "Localhost" ->
              new SecurityProfile.Localhost(String.valueOf(profile.getLocalhostProfile()));
          case "Unconfined" -> new SecurityProfile.Unconfined();
          default -> new SecurityProfile.RuntimeDefault();
        });
  }

  private static Optional<SeLinuxOptions> seLinux(@Nullable SELinuxOptions o) {
    return o == null
        ? Optional.empty()
        : Optional.of(
            new SeLinuxOptions(
                text(o.getUser()), text(o.getRole()), text(o.getType()), text(o.getLevel())));
  }

  private static List<Long> groups(PodSecurityContext pod) {
    List<Long> groups = new ArrayList<>(pod.getSupplementalGroups());
    if (pod.getFsGroup() != null) {
      groups.add(pod.getFsGroup());
    }
    return groups;
  }

  private static SupplementalGroupsPolicy policy(PodSecurityContext pod) {
    return "Strict".equals(pod.getSupplementalGroupsPolicy())
        ? SupplementalGroupsPolicy.STRICT
        : SupplementalGroupsPolicy.MERGE;
  }

  private static boolean privileged(Container container) {
    return container.getSecurityContext() != null
        && Boolean.TRUE.equals(container.getSecurityContext().getPrivileged());
  }

  private static PodSecurityContext podContext(PodSpec spec) {
    return Objects.requireNonNullElseGet(spec.getSecurityContext(), PodSecurityContext::new);
  }

  private static <T> Optional<T> first(@Nullable T own, @Nullable T pods) {
    return Optional.ofNullable(own != null ? own : pods);
  }

  private static OptionalLong number(@Nullable Long value) {
    return value == null ? OptionalLong.empty() : OptionalLong.of(value);
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value;
  }
}
