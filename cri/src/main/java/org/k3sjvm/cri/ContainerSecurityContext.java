package org.k3sjvm.cri;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Who a container's process is and what it may do. Build one from {@link #DEFAULT} with {@link
 * #toBuilder()}.
 *
 * @param user whom it runs as; empty for the image's own user
 * @param runAsGroup refused by the runtime unless {@code user} is present
 * @param maskedPaths hidden; ignored for privileged containers
 * @param readonlyPaths ignored for privileged containers
 */
public record ContainerSecurityContext(
    Capabilities capabilities,
    boolean privileged,
    NamespaceOptions namespaces,
    Optional<SeLinuxOptions> seLinux,
    Optional<RunAs> user,
    OptionalLong runAsGroup,
    boolean readonlyRootfs,
    List<Long> supplementalGroups,
    SupplementalGroupsPolicy supplementalGroupsPolicy,
    boolean noNewPrivileges,
    List<String> maskedPaths,
    List<String> readonlyPaths,
    Optional<SecurityProfile> seccomp,
    Optional<SecurityProfile> apparmor) {

  /** A plain container's: the image's user, the runtime's capabilities. */
  public static final ContainerSecurityContext DEFAULT =
      new ContainerSecurityContext(
          Capabilities.DEFAULT,
          false,
          NamespaceOptions.DEFAULT,
          Optional.empty(),
          Optional.empty(),
          OptionalLong.empty(),
          false,
          List.of(),
          SupplementalGroupsPolicy.MERGE,
          false,
          List.of(),
          List.of(),
          Optional.empty(),
          Optional.empty());

  public ContainerSecurityContext {
    supplementalGroups = List.copyOf(supplementalGroups);
    maskedPaths = List.copyOf(maskedPaths);
    readonlyPaths = List.copyOf(readonlyPaths);
  }

  /** A builder that starts from these values. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Whom a container runs as. */
  public sealed interface RunAs {
    /** By number. */
    record Uid(long uid) implements RunAs {}

    /** By a name of the image's {@code /etc/passwd}. */
    record Username(String name) implements RunAs {}
  }

  /** Collects the parts; one thread at a time. */
  public static final class Builder {
    private Capabilities capabilities;
    private boolean privileged;
    private NamespaceOptions namespaces;
    private Optional<SeLinuxOptions> seLinux;
    private Optional<RunAs> user;
    private OptionalLong runAsGroup;
    private boolean readonlyRootfs;
    private List<Long> supplementalGroups;
    private SupplementalGroupsPolicy supplementalGroupsPolicy;
    private boolean noNewPrivileges;
    private List<String> maskedPaths;
    private List<String> readonlyPaths;
    private Optional<SecurityProfile> seccomp;
    private Optional<SecurityProfile> apparmor;

    private Builder(ContainerSecurityContext from) {
      capabilities = from.capabilities;
      privileged = from.privileged;
      namespaces = from.namespaces;
      seLinux = from.seLinux;
      user = from.user;
      runAsGroup = from.runAsGroup;
      readonlyRootfs = from.readonlyRootfs;
      supplementalGroups = from.supplementalGroups;
      supplementalGroupsPolicy = from.supplementalGroupsPolicy;
      noNewPrivileges = from.noNewPrivileges;
      maskedPaths = from.maskedPaths;
      readonlyPaths = from.readonlyPaths;
      seccomp = from.seccomp;
      apparmor = from.apparmor;
    }

    public Builder capabilities(Capabilities value) {
      capabilities = value;
      return this;
    }

    public Builder privileged(boolean value) {
      privileged = value;
      return this;
    }

    public Builder namespaces(NamespaceOptions value) {
      namespaces = value;
      return this;
    }

    public Builder seLinux(SeLinuxOptions value) {
      seLinux = Optional.of(value);
      return this;
    }

    public Builder user(RunAs value) {
      user = Optional.of(value);
      return this;
    }

    public Builder runAsGroup(long gid) {
      runAsGroup = OptionalLong.of(gid);
      return this;
    }

    public Builder readonlyRootfs(boolean value) {
      readonlyRootfs = value;
      return this;
    }

    public Builder supplementalGroups(List<Long> gids) {
      supplementalGroups = gids;
      return this;
    }

    public Builder supplementalGroupsPolicy(SupplementalGroupsPolicy value) {
      supplementalGroupsPolicy = value;
      return this;
    }

    public Builder noNewPrivileges(boolean value) {
      noNewPrivileges = value;
      return this;
    }

    public Builder maskedPaths(List<String> paths) {
      maskedPaths = paths;
      return this;
    }

    public Builder readonlyPaths(List<String> paths) {
      readonlyPaths = paths;
      return this;
    }

    public Builder seccomp(SecurityProfile value) {
      seccomp = Optional.of(value);
      return this;
    }

    public Builder apparmor(SecurityProfile value) {
      apparmor = Optional.of(value);
      return this;
    }

    public ContainerSecurityContext build() {
      return new ContainerSecurityContext(
          capabilities,
          privileged,
          namespaces,
          seLinux,
          user,
          runAsGroup,
          readonlyRootfs,
          supplementalGroups,
          supplementalGroupsPolicy,
          noNewPrivileges,
          maskedPaths,
          readonlyPaths,
          seccomp,
          apparmor);
    }
  }
}
