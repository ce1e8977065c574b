package org.k3sjvm.kubelet.translate;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.SELinuxOptions;
import io.fabric8.kubernetes.api.model.SecurityContext;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
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
import org.k3sjvm.cri.UserNamespace;
import org.k3sjvm.kubelet.pod.DesiredPod;

/**
 * Who runs and with which rights; a container's own word comes before its pod's, field by field.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kuberuntime/security_context.go and pkg/securitycontext.
 */
public final class Security {
  private Security() {}

  /**
   * What the node adds to the pod's words.
   *
   * @param seccompDirectory with the profiles that pods may name
   * @param seccompDefault whether the runtime's profile is for those that name none
   * @param users the pod's user namespace; empty for the node's
   * @param groups that the pod's volumes ask for
   */
  public record OfNode(
      Path seccompDirectory,
      boolean seccompDefault,
      Optional<UserNamespace> users,
      List<Long> groups) {
    public OfNode {
      groups = List.copyOf(groups);
    }

    /** The node's users and no seccomp profile unless one is named. */
    public static OfNode of(Path root) {
      return new OfNode(root.resolve("seccomp"), false, Optional.empty(), List.of());
    }
  }

  /** The sandbox's. */
  public static SandboxSecurityContext ofSandbox(PodSpec spec, Optional<UserNamespace> users) {
    PodSecurityContext pod = podContext(spec);
    boolean privileged =
        spec.getContainers().stream().anyMatch(Security::privileged)
            || spec.getInitContainers().stream().anyMatch(Security::privileged);
    OptionalLong user = number(pod.getRunAsUser());
    return new SandboxSecurityContext(
        namespaces(spec, users),
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
   * @throws ConfigException when the container must not run as root and would, or may, or when it
   *     contradicts itself
   */
  public static ContainerSecurityContext of(
      DesiredPod pod, Container container, Optional<RunAs> imageUser, OfNode node) {
    PodSpec spec = pod.pod().getSpec();
    PodSecurityContext pods = podContext(spec);
    SecurityContext own =
        Objects.requireNonNullElseGet(container.getSecurityContext(), SecurityContext::new);
    Optional<Long> user = first(own.getRunAsUser(), pods.getRunAsUser());
    if (first(own.getRunAsNonRoot(), pods.getRunAsNonRoot()).orElse(false)) {
      whyRoot(user, imageUser)
          .ifPresent(
              why -> {
                throw new ConfigException(why + subject(pod, container));
              });
    }
    boolean masked = !"Unmasked".equals(own.getProcMount());
    ContainerSecurityContext.Builder builder =
        ContainerSecurityContext.DEFAULT.toBuilder()
            .namespaces(namespaces(spec, node.users()))
            .privileged(privileged(container))
            .readonlyRootfs(Boolean.TRUE.equals(own.getReadOnlyRootFilesystem()))
            .noNewPrivileges(Boolean.FALSE.equals(own.getAllowPrivilegeEscalation()))
            .supplementalGroups(
                Stream.concat(groups(pods).stream(), node.groups().stream()).toList())
            .supplementalGroupsPolicy(policy(pods))
            .maskedPaths(masked ? ProcPaths.MASKED : List.of())
            .readonlyPaths(masked ? ProcPaths.READ_ONLY : List.of())
            .user(user.<RunAs>map(RunAs.Uid::new).or(() -> imageUser).orElse(new RunAs.Uid(0)))
            .seccomp(Profiles.seccomp(own, pods, node.seccompDirectory(), node.seccompDefault()));
    first(own.getRunAsGroup(), pods.getRunAsGroup()).ifPresent(builder::runAsGroup);
    if (own.getCapabilities() != null) {
      builder.capabilities(
          new Capabilities(own.getCapabilities().getAdd(), own.getCapabilities().getDrop()));
    }
    seLinux(own.getSeLinuxOptions() != null ? own.getSeLinuxOptions() : pods.getSeLinuxOptions())
        .ifPresent(builder::seLinux);
    Profiles.apparmor(pod.pod(), container, own, pods).ifPresent(builder::apparmor);
    return builder.build();
  }

  static NamespaceOptions namespaces(PodSpec spec, Optional<UserNamespace> users) {
    return new NamespaceOptions(
        Boolean.TRUE.equals(spec.getHostNetwork()) ? NamespaceMode.NODE : NamespaceMode.POD,
        Boolean.TRUE.equals(spec.getHostPID())
            ? NamespaceMode.NODE
            : Boolean.TRUE.equals(spec.getShareProcessNamespace())
                ? NamespaceMode.POD
                : NamespaceMode.CONTAINER,
        Boolean.TRUE.equals(spec.getHostIPC()) ? NamespaceMode.NODE : NamespaceMode.POD,
        Optional.empty(),
        users);
  }

  private static Optional<String> whyRoot(Optional<Long> user, Optional<RunAs> imageUser) {
    if (user.isPresent()) {
      return user.get() == 0
          ? Optional.of("container's runAsUser breaks non-root policy")
          : Optional.empty();
    }
    return switch (imageUser.orElse(new RunAs.Uid(0))) {
      case RunAs.Uid(long uid) ->
          uid == 0
              ? Optional.of("container has runAsNonRoot and image will run as root")
              : uid < 0 || uid > Integer.MAX_VALUE
                  ? Optional.of(
                      "container has runAsNonRoot and image has an invalid user id (" + uid + ")")
                  : Optional.empty();
      case RunAs.Username(String name) ->
          Optional.of(
              "container has runAsNonRoot and image has non-numeric user ("
                  + name
                  + "), cannot verify user is non-root");
    };
  }

  private static String subject(DesiredPod pod, Container container) {
    return " (pod: \""
        + pod.name()
        + "_"
        + pod.namespace()
        + "("
        + pod.uid()
        + ")\", container: "
        + container.getName()
        + ")";
  }

  private static Optional<SeLinuxOptions> seLinux(@Nullable SELinuxOptions o) {
    return o == null
        ? Optional.empty()
        : Optional.of(
            new SeLinuxOptions(
                text(o.getUser()), text(o.getRole()), text(o.getType()), text(o.getLevel())));
  }

  private static List<Long> groups(PodSecurityContext pod) {
    List<Long> groups = new ArrayList<>();
    Stream.ofNullable(pod.getFsGroup()).forEach(groups::add);
    groups.addAll(pod.getSupplementalGroups());
    return groups;
  }

  private static SupplementalGroupsPolicy policy(PodSecurityContext pod) {
    return switch (Objects.requireNonNullElse(pod.getSupplementalGroupsPolicy(), "Merge")) {
      case "Merge" -> SupplementalGroupsPolicy.MERGE;
      case "Strict" -> SupplementalGroupsPolicy.STRICT;
      default ->
          throw new ConfigException(
              "unsupported supplementalGroupsPolicy: " + pod.getSupplementalGroupsPolicy());
    };
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
