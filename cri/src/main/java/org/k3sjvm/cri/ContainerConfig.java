package org.k3sjvm.cri;

import java.util.List;
import java.util.Map;

/**
 * What the runtime needs to make a container. Build one with {@link #builder}.
 *
 * @param command replaces the image's entry point; empty keeps it
 * @param args replace the image's arguments; empty keeps them unless {@code command} is given
 * @param workingDir empty for the image's
 * @param cdiDevices fully qualified CDI device names, {@code vendor.com/class=device}
 * @param logPath relative to the sandbox's log directory; empty for no log
 * @param stdinOnce whether stdin closes when the first attached client leaves
 * @param stopSignal such as {@code SIGQUIT}; empty for the image's or SIGTERM
 */
public record ContainerConfig(
    ContainerMetadata metadata,
    ImageSpec image,
    List<String> command,
    List<String> args,
    String workingDir,
    List<EnvVar> envs,
    List<Mount> mounts,
    List<Device> devices,
    List<String> cdiDevices,
    Map<String, String> labels,
    Map<String, String> annotations,
    String logPath,
    boolean stdin,
    boolean stdinOnce,
    boolean tty,
    LinuxResources resources,
    ContainerSecurityContext securityContext,
    String stopSignal) {

  public ContainerConfig {
    command = List.copyOf(command);
    args = List.copyOf(args);
    envs = List.copyOf(envs);
    mounts = List.copyOf(mounts);
    devices = List.copyOf(devices);
    cdiDevices = List.copyOf(cdiDevices);
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
  }

  /** A container with the image's own command and nothing else. */
  public static Builder builder(ContainerMetadata metadata, ImageSpec image) {
    return new Builder(metadata, image);
  }

  /** Collects the parts; one thread at a time. */
  public static final class Builder {
    private final ContainerMetadata metadata;
    private final ImageSpec image;
    private List<String> command = List.of();
    private List<String> args = List.of();
    private String workingDir = "";
    private List<EnvVar> envs = List.of();
    private List<Mount> mounts = List.of();
    private List<Device> devices = List.of();
    private List<String> cdiDevices = List.of();
    private Map<String, String> labels = Map.of();
    private Map<String, String> annotations = Map.of();
    private String logPath = "";
    private boolean stdin;
    private boolean stdinOnce;
    private boolean tty;
    private LinuxResources resources = LinuxResources.NONE;
    private ContainerSecurityContext securityContext = ContainerSecurityContext.DEFAULT;
    private String stopSignal = "";

    private Builder(ContainerMetadata metadata, ImageSpec image) {
      this.metadata = metadata;
      this.image = image;
    }

    public Builder command(List<String> value) {
      command = value;
      return this;
    }

    public Builder args(List<String> value) {
      args = value;
      return this;
    }

    public Builder workingDir(String value) {
      workingDir = value;
      return this;
    }

    public Builder envs(List<EnvVar> value) {
      envs = value;
      return this;
    }

    public Builder mounts(List<Mount> value) {
      mounts = value;
      return this;
    }

    public Builder devices(List<Device> value) {
      devices = value;
      return this;
    }

    public Builder cdiDevices(List<String> names) {
      cdiDevices = names;
      return this;
    }

    public Builder labels(Map<String, String> value) {
      labels = value;
      return this;
    }

    public Builder annotations(Map<String, String> value) {
      annotations = value;
      return this;
    }

    public Builder logPath(String value) {
      logPath = value;
      return this;
    }

    public Builder stdin(boolean value) {
      stdin = value;
      return this;
    }

    public Builder stdinOnce(boolean value) {
      stdinOnce = value;
      return this;
    }

    public Builder tty(boolean value) {
      tty = value;
      return this;
    }

    public Builder resources(LinuxResources value) {
      resources = value;
      return this;
    }

    public Builder securityContext(ContainerSecurityContext value) {
      securityContext = value;
      return this;
    }

    public Builder stopSignal(String value) {
      stopSignal = value;
      return this;
    }

    public ContainerConfig build() {
      return new ContainerConfig(
          metadata,
          image,
          command,
          args,
          workingDir,
          envs,
          mounts,
          devices,
          cdiDevices,
          labels,
          annotations,
          logPath,
          stdin,
          stdinOnce,
          tty,
          resources,
          securityContext,
          stopSignal);
    }
  }
}
