package org.k3sjvm.agent.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the user asks of the container runtime.
 *
 * @param endpoint a CRI socket; empty to run a containerd of our own
 * @param imageEndpoint another CRI socket for images; empty for the same one
 * @param pauseImage of pod sandboxes
 * @param snapshotter of containerd
 * @param privateRegistry registries.yaml; need not exist
 * @param airgapRegistries whose images imported ones are to be found as, too
 * @param defaultRuntime by name, such as {@code nvidia}; empty for runc
 * @param selinux whether containers get labels
 * @param nonrootDevices whether devices belong to the user of the container that gets them
 */
public record RuntimeFlags(
    Optional<String> endpoint,
    Optional<String> imageEndpoint,
    String pauseImage,
    String snapshotter,
    Path privateRegistry,
    boolean disableDefaultRegistryEndpoint,
    List<String> airgapRegistries,
    Optional<String> defaultRuntime,
    boolean selinux,
    boolean nonrootDevices) {

  /** Source: k3s v1.36 pkg/cli/cmds/agent.go. */
  public static final String DEFAULT_PAUSE_IMAGE = "rancher/mirrored-pause:3.10.2";

  public RuntimeFlags {
    airgapRegistries = List.copyOf(airgapRegistries);
  }

  static RuntimeFlags of(FlagValues flags) {
    return new RuntimeFlags(
        flags.text(AgentFlags.CONTAINER_RUNTIME_ENDPOINT),
        flags.text(AgentFlags.IMAGE_SERVICE_ENDPOINT),
        flags.text(AgentFlags.PAUSE_IMAGE).orElse(DEFAULT_PAUSE_IMAGE),
        flags.text(AgentFlags.SNAPSHOTTER).orElse("overlayfs"),
        flags
            .text(AgentFlags.PRIVATE_REGISTRY)
            .map(Path::of)
            .orElse(Path.of("/etc/rancher/k3s/registries.yaml")),
        flags.on(AgentFlags.DISABLE_DEFAULT_REGISTRY_ENDPOINT),
        flags.list(AgentFlags.AIRGAP_EXTRA_REGISTRY),
        flags.text(AgentFlags.DEFAULT_RUNTIME),
        flags.on(AgentFlags.SELINUX),
        flags.on(AgentFlags.NONROOT_DEVICES));
  }
}
