package org.k3sjvm.containerd.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the host has that the configuration depends on.
 *
 * @param mayLowerOomScore whether processes can be protected from the out-of-memory killer more
 *     than the agent is; needs CAP_SYS_RESOURCE
 * @param inUserNamespace whether root is somebody else outside
 * @param unprivilegedPorts whether the kernel can let pods bind low ports: 4.11
 * @param cniPlugins the directory of {@code host-local} and its like, if there is one
 * @param extraRuntimes found on the PATH
 * @param blockIoConfig the user's block I/O classes
 * @param rdtConfig the user's resource director classes
 */
public record HostFacts(
    boolean mayLowerOomScore,
    boolean inUserNamespace,
    boolean unprivilegedPorts,
    Optional<Path> cniPlugins,
    List<ExtraRuntime> extraRuntimes,
    Optional<Path> blockIoConfig,
    Optional<Path> rdtConfig) {

  public HostFacts {
    extraRuntimes = List.copyOf(extraRuntimes);
  }
}
