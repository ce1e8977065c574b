package org.k3sjvm.cri;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Who the sandbox's processes are and what they may do.
 *
 * @param runAsGroup only together with {@code runAsUser}
 * @param privileged whether any container of the pod is privileged
 */
public record SandboxSecurityContext(
    NamespaceOptions namespaces,
    Optional<SeLinuxOptions> seLinux,
    OptionalLong runAsUser,
    OptionalLong runAsGroup,
    boolean readonlyRootfs,
    List<Long> supplementalGroups,
    SupplementalGroupsPolicy supplementalGroupsPolicy,
    boolean privileged,
    Optional<SecurityProfile> seccomp,
    Optional<SecurityProfile> apparmor) {

  /** A plain pod's. */
  public static final SandboxSecurityContext DEFAULT =
      new SandboxSecurityContext(
          NamespaceOptions.DEFAULT,
          Optional.empty(),
          OptionalLong.empty(),
          OptionalLong.empty(),
          false,
          List.of(),
          SupplementalGroupsPolicy.MERGE,
          false,
          Optional.empty(),
          Optional.empty());

  public SandboxSecurityContext {
    supplementalGroups = List.copyOf(supplementalGroups);
  }

  /** The same with other namespaces. */
  public SandboxSecurityContext withNamespaces(NamespaceOptions options) {
    return new SandboxSecurityContext(
        options,
        seLinux,
        runAsUser,
        runAsGroup,
        readonlyRootfs,
        supplementalGroups,
        supplementalGroupsPolicy,
        privileged,
        seccomp,
        apparmor);
  }
}
