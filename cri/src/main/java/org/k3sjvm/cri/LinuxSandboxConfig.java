package org.k3sjvm.cri;

import java.util.Map;
import java.util.Optional;

/**
 * The part of a sandbox that Linux knows.
 *
 * @param cgroupParent the pod's cgroup in the cgroup driver's syntax; empty for the runtime's own
 *     place
 * @param sysctls names with dots
 * @param overhead what the sandbox itself takes
 * @param resources what the containers take together
 */
public record LinuxSandboxConfig(
    String cgroupParent,
    SandboxSecurityContext securityContext,
    Map<String, String> sysctls,
    Optional<LinuxResources> overhead,
    Optional<LinuxResources> resources) {

  /** A plain pod's. */
  public static final LinuxSandboxConfig DEFAULT =
      new LinuxSandboxConfig(
          "", SandboxSecurityContext.DEFAULT, Map.of(), Optional.empty(), Optional.empty());

  public LinuxSandboxConfig {
    sysctls = Map.copyOf(sysctls);
  }
}
