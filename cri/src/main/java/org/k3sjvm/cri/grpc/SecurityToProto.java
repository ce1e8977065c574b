package org.k3sjvm.cri.grpc;

import org.k3sjvm.cri.ContainerSecurityContext;
import org.k3sjvm.cri.NamespaceMode;
import org.k3sjvm.cri.NamespaceOptions;
import org.k3sjvm.cri.SandboxSecurityContext;
import org.k3sjvm.cri.SeLinuxOptions;
import org.k3sjvm.cri.SecurityProfile;
import org.k3sjvm.cri.SupplementalGroupsPolicy;
import org.k3sjvm.cri.proto.Capability;
import org.k3sjvm.cri.proto.Int64Value;
import org.k3sjvm.cri.proto.LinuxContainerSecurityContext;
import org.k3sjvm.cri.proto.LinuxSandboxSecurityContext;
import org.k3sjvm.cri.proto.NamespaceOption;
import org.k3sjvm.cri.proto.SELinuxOption;
import org.k3sjvm.cri.proto.UserNamespace;

/** Users, namespaces and profiles as messages. */
final class SecurityToProto {
  private SecurityToProto() {}

  static LinuxSandboxSecurityContext sandbox(SandboxSecurityContext from) {
    LinuxSandboxSecurityContext.Builder result =
        LinuxSandboxSecurityContext.newBuilder()
            .setNamespaceOptions(namespaces(from.namespaces()))
            .setReadonlyRootfs(from.readonlyRootfs())
            .addAllSupplementalGroups(from.supplementalGroups())
            .setSupplementalGroupsPolicy(groupsPolicy(from.supplementalGroupsPolicy()))
            .setPrivileged(from.privileged());
    from.seLinux().ifPresent(label -> result.setSelinuxOptions(seLinux(label)));
    from.runAsUser().ifPresent(uid -> result.setRunAsUser(number(uid)));
    from.runAsGroup().ifPresent(gid -> result.setRunAsGroup(number(gid)));
    from.seccomp().ifPresent(profile -> result.setSeccomp(profile(profile)));
    from.apparmor().ifPresent(profile -> result.setApparmor(profile(profile)));
    return result.build();
  }

  static LinuxContainerSecurityContext container(ContainerSecurityContext from) {
    LinuxContainerSecurityContext.Builder result =
        LinuxContainerSecurityContext.newBuilder()
            .setCapabilities(
                Capability.newBuilder()
                    .addAllAddCapabilities(from.capabilities().add())
                    .addAllDropCapabilities(from.capabilities().drop()))
            .setPrivileged(from.privileged())
            .setNamespaceOptions(namespaces(from.namespaces()))
            .setReadonlyRootfs(from.readonlyRootfs())
            .addAllSupplementalGroups(from.supplementalGroups())
            .setSupplementalGroupsPolicy(groupsPolicy(from.supplementalGroupsPolicy()))
            .setNoNewPrivs(from.noNewPrivileges())
            .addAllMaskedPaths(from.maskedPaths())
            .addAllReadonlyPaths(from.readonlyPaths());
    from.seLinux().ifPresent(label -> result.setSelinuxOptions(seLinux(label)));
    from.user()
        .ifPresent(
            user -> {
              switch (user) {
                case ContainerSecurityContext.RunAs.Uid(long uid) ->
                    result.setRunAsUser(number(uid));
                case ContainerSecurityContext.RunAs.Username(String name) ->
                    result.setRunAsUsername(name);
              }
            });
    from.runAsGroup().ifPresent(gid -> result.setRunAsGroup(number(gid)));
    from.seccomp().ifPresent(profile -> result.setSeccomp(profile(profile)));
    from.apparmor().ifPresent(profile -> setApparmor(result, profile));
    return result.build();
  }

  /** containerd before 1.7 reads only the older text. */
  @SuppressWarnings("deprecation") // Written for those runtimes, as the kubelet does.
  private static void setApparmor(
      LinuxContainerSecurityContext.Builder result, SecurityProfile profile) {
    result.setApparmor(profile(profile));
    result.setApparmorProfile(
        switch (profile) {
          case SecurityProfile.RuntimeDefault() -> "runtime/default";
          case SecurityProfile.Unconfined() -> "unconfined";
          case SecurityProfile.Localhost(String name) -> "localhost/" + name;
        });
  }

  private static NamespaceOption namespaces(NamespaceOptions from) {
    NamespaceOption.Builder result =
        NamespaceOption.newBuilder()
            .setNetwork(mode(from.network()))
            .setPid(mode(from.pid()))
            .setIpc(mode(from.ipc()));
    from.target().ifPresent(id -> result.setTargetId(id.value()));
    from.user()
        .ifPresent(
            user ->
                result.setUsernsOptions(
                    UserNamespace.newBuilder()
                        .setMode(mode(user.mode()))
                        .addAllUids(ConfigsToProto.idMappings(user.uids()))
                        .addAllGids(ConfigsToProto.idMappings(user.gids()))));
    return result.build();
  }

  private static org.k3sjvm.cri.proto.NamespaceMode mode(NamespaceMode mode) {
    return switch (mode) {
      case POD -> org.k3sjvm.cri.proto.NamespaceMode.POD;
      case CONTAINER -> org.k3sjvm.cri.proto.NamespaceMode.CONTAINER;
      case NODE -> org.k3sjvm.cri.proto.NamespaceMode.NODE;
      case TARGET -> org.k3sjvm.cri.proto.NamespaceMode.TARGET;
    };
  }

  private static org.k3sjvm.cri.proto.SupplementalGroupsPolicy groupsPolicy(
      SupplementalGroupsPolicy policy) {
    return switch (policy) {
      case MERGE -> org.k3sjvm.cri.proto.SupplementalGroupsPolicy.Merge;
      case STRICT -> org.k3sjvm.cri.proto.SupplementalGroupsPolicy.Strict;
    };
  }

  private static org.k3sjvm.cri.proto.SecurityProfile profile(SecurityProfile profile) {
    org.k3sjvm.cri.proto.SecurityProfile.Builder result =
        org.k3sjvm.cri.proto.SecurityProfile.newBuilder();
    switch (profile) {
      case SecurityProfile.RuntimeDefault() ->
          result.setProfileType(org.k3sjvm.cri.proto.SecurityProfile.ProfileType.RuntimeDefault);
      case SecurityProfile.Unconfined() ->
          result.setProfileType(org.k3sjvm.cri.proto.SecurityProfile.ProfileType.Unconfined);
      case SecurityProfile.Localhost(String reference) ->
          result
              .setProfileType(org.k3sjvm.cri.proto.SecurityProfile.ProfileType.Localhost)
              .setLocalhostRef(reference);
    }
    return result.build();
  }

  private static SELinuxOption seLinux(SeLinuxOptions label) {
    return SELinuxOption.newBuilder()
        .setUser(label.user())
        .setRole(label.role())
        .setType(label.type())
        .setLevel(label.level())
        .build();
  }

  private static Int64Value number(long value) {
    return Int64Value.newBuilder().setValue(value).build();
  }
}
