package org.k3sjvm.containerd;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How containerd is to run.
 *
 * @param agentDir upstream's {@code <data>/agent}
 * @param bundledCniDir where a distribution of the agent keeps CNI plugins, looked at first;
 *     upstream's {@code <data>/data/cni}
 * @param stateDir what does not outlive a boot; its socket path must fit into 107 bytes
 * @param registries the user's {@code registries.yaml}; it need not exist
 * @param disableDefaultRegistryEndpoint whether mirrors replace a registry in place of preceding it
 * @param pauseImage the sandbox image, with its registry
 * @param snapshotter such as {@code overlayfs}
 * @param cniIsOurs whether the agent writes the network plugin's configuration
 * @param systemdCgroup whether runc asks systemd for cgroups
 * @param defaultRuntime empty for runc
 * @param streamPort of the streaming server on 127.0.0.1; 0 for any
 * @param debug whether containerd's log is also the agent's
 * @param logLevel empty for containerd's default
 */
public record ContainerdConfig(
    Path agentDir,
    Path bundledCniDir,
    Path stateDir,
    Path registries,
    boolean disableDefaultRegistryEndpoint,
    String pauseImage,
    String snapshotter,
    boolean cniIsOurs,
    boolean systemdCgroup,
    boolean selinux,
    boolean nonrootDevices,
    Optional<String> defaultRuntime,
    int streamPort,
    boolean debug,
    Optional<String> logLevel) {

  /** Source: k3s v1.36 pkg/agent/config, containerd state. */
  public static final Path DEFAULT_STATE_DIR = Path.of("/run/k3s/containerd");

  /** Source: k3s v1.36 pkg/agent/templates, stream_server_port. */
  public static final int DEFAULT_STREAM_PORT = 10010;

  /** Most bytes of a Unix socket's name, with its end. Source: unix(7), sun_path. */
  private static final int SOCKET_LIMIT_BYTES = 108;

  private static final int MAX_PORT = 65535;

  public ContainerdConfig {
    for (Path path : List.of(agentDir, bundledCniDir, stateDir, registries)) {
      if (!path.isAbsolute()) {
        throw new IllegalArgumentException("containerd's paths are absolute, not " + path);
      }
    }
    // containerd adds ".ttrpc" for its own second socket.
    if (stateDir.resolve("containerd.sock.ttrpc").toString().length() >= SOCKET_LIMIT_BYTES) {
      throw new IllegalArgumentException(
          "too long for a socket: " + stateDir + "; choose a shorter state directory");
    }
    if (streamPort < 0 || streamPort > MAX_PORT) {
      throw new IllegalArgumentException("not a port: " + streamPort);
    }
  }

  /** Upstream's defaults for a data directory, on a host with our own network. */
  public static ContainerdConfig defaults(Path dataDir, String pauseImage) {
    return new ContainerdConfig(
        dataDir.resolve("agent"),
        dataDir.resolve("data/cni"),
        DEFAULT_STATE_DIR,
        Path.of("/etc/rancher/k3s/registries.yaml"),
        false,
        pauseImage,
        "overlayfs",
        true,
        false,
        false,
        false,
        Optional.empty(),
        DEFAULT_STREAM_PORT,
        false,
        Optional.empty());
  }

  /** The same with state elsewhere, so that several agents run on one machine. */
  public ContainerdConfig withStateDir(Path directory) {
    return with(draft -> draft.stateDir = directory);
  }

  /** The same with another registries file. */
  public ContainerdConfig withRegistries(Path file, boolean disableDefaultEndpoint) {
    return with(
        draft -> {
          draft.registries = file;
          draft.disableDefaultRegistryEndpoint = disableDefaultEndpoint;
        });
  }

  /** The same with another snapshotter. */
  public ContainerdConfig withSnapshotter(String name) {
    return with(draft -> draft.snapshotter = name);
  }

  /** The same with other containers. */
  public ContainerdConfig withContainers(
      Optional<String> runtime, boolean labelled, boolean ownDevices) {
    return with(
        draft -> {
          draft.defaultRuntime = runtime;
          draft.selinux = labelled;
          draft.nonrootDevices = ownDevices;
        });
  }

  /** The same with another cgroup driver. */
  public ContainerdConfig withSystemdCgroup(boolean systemd) {
    return with(draft -> draft.systemdCgroup = systemd);
  }

  /** The same with another streaming port. */
  public ContainerdConfig withStreamPort(int port) {
    return with(draft -> draft.streamPort = port);
  }

  /** The same with another amount of logging. */
  public ContainerdConfig withLogging(boolean alsoOurs, Optional<String> level) {
    return with(
        draft -> {
          draft.debug = alsoOurs;
          draft.logLevel = level;
        });
  }

  /** Where the CRI is served. */
  public Path socket() {
    return stateDir.resolve("containerd.sock");
  }

  /** Images, snapshots and containerd's database. */
  public Path root() {
    return agentDir.resolve("containerd");
  }

  /** What containerd prints. */
  public Path log() {
    return root().resolve("containerd.log");
  }

  /** The generated file that containerd reads. */
  public Path configFile() {
    return agentDir.resolve("etc/containerd/config.toml");
  }

  /** Generated settings of each registry. */
  public Path registryDir() {
    return agentDir.resolve("etc/containerd/certs.d");
  }

  /** Where the network plugin's configuration is looked for. */
  public Path cniConfigDir() {
    return agentDir.resolve("etc/cni/net.d");
  }

  /** Where images to preload are looked for. */
  public Path imagesDir() {
    return agentDir.resolve("images");
  }

  private ContainerdConfig with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.finished(this);
  }

  /** The parts that callers vary. */
  private static final class Draft {
    private Path stateDir;
    private Path registries;
    private boolean disableDefaultRegistryEndpoint;
    private String snapshotter;
    private boolean systemdCgroup;
    private boolean selinux;
    private boolean nonrootDevices;
    private Optional<String> defaultRuntime;
    private int streamPort;
    private boolean debug;
    private Optional<String> logLevel;

    Draft(ContainerdConfig from) {
      stateDir = from.stateDir;
      registries = from.registries;
      disableDefaultRegistryEndpoint = from.disableDefaultRegistryEndpoint;
      snapshotter = from.snapshotter;
      systemdCgroup = from.systemdCgroup;
      selinux = from.selinux;
      nonrootDevices = from.nonrootDevices;
      defaultRuntime = from.defaultRuntime;
      streamPort = from.streamPort;
      debug = from.debug;
      logLevel = from.logLevel;
    }

    ContainerdConfig finished(ContainerdConfig rest) {
      return new ContainerdConfig(
          rest.agentDir,
          rest.bundledCniDir,
          stateDir,
          registries,
          disableDefaultRegistryEndpoint,
          rest.pauseImage,
          snapshotter,
          rest.cniIsOurs,
          systemdCgroup,
          selinux,
          nonrootDevices,
          defaultRuntime,
          streamPort,
          debug,
          logLevel);
    }
  }
}
