package org.k3sjvm.agent;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.agent.config.RuntimeFlags;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.containerd.Containerd;
import org.k3sjvm.containerd.ContainerdConfig;
import org.k3sjvm.containerd.CriReady;
import org.k3sjvm.containerd.image.ImagePreload;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.cri.RuntimeVersion;
import org.k3sjvm.cri.grpc.CriChannel;
import org.k3sjvm.cri.grpc.CriEndpoint;
import org.k3sjvm.cri.grpc.CriTimeouts;
import org.k3sjvm.cri.grpc.GrpcContainerRuntime;
import org.k3sjvm.cri.grpc.GrpcImageService;
import org.k3sjvm.join.ServerSettings;

/** The container runtime of this node: a containerd of our own, or the one that the user named. */
final class NodeRuntime implements AutoCloseable {
  private final Optional<Containerd> containerd;
  private final CriChannel channel;
  private final Optional<CriChannel> imageChannel;
  private final ContainerRuntime runtime;
  private final ImageService images;
  private final List<String> airgapRegistries;
  private final Gate<RuntimeVersion> ready = new Gate<>("CriReady");

  private NodeRuntime(
      Optional<Containerd> containerd,
      CriEndpoint endpoint,
      Optional<String> imageEndpoint,
      List<String> airgapRegistries) {
    this.containerd = containerd;
    this.airgapRegistries = airgapRegistries;
    Optional<CriEndpoint> other = imageEndpoint.map(CriEndpoint::parse);
    this.channel = CriChannel.open(endpoint);
    this.imageChannel = other.map(CriChannel::open);
    this.runtime = new GrpcContainerRuntime(channel, CriTimeouts.DEFAULT);
    this.images = new GrpcImageService(imageChannel.orElse(channel), CriTimeouts.DEFAULT);
  }

  /**
   * Finds or prepares the runtime; nothing runs yet.
   *
   * @throws org.k3sjvm.containerd.ContainerdException when a program is missing; the message says
   *     what to install
   */
  static NodeRuntime prepare(AgentConfig config, ServerSettings settings, boolean systemdCgroup)
      throws InterruptedException {
    RuntimeFlags flags = config.runtime();
    if (flags.endpoint().isPresent()) {
      CriEndpoint endpoint = CriEndpoint.parse(flags.endpoint().get());
      return new NodeRuntime(Optional.empty(), endpoint, flags.imageEndpoint(), List.of());
    }
    ContainerdConfig wanted =
        ContainerdConfig.defaults(config.dataDir(), pauseImage(flags, settings))
            .withRegistries(flags.privateRegistry(), flags.disableDefaultRegistryEndpoint())
            .withSnapshotter(flags.snapshotter())
            .withContainers(flags.defaultRuntime(), flags.selinux(), flags.nonrootDevices())
            .withSystemdCgroup(systemdCgroup)
            .withLogging(
                config.log().debug(), Optional.ofNullable(System.getenv("CONTAINERD_LOG_LEVEL")));
    Containerd containerd = Containerd.prepare(wanted);
    return new NodeRuntime(
        Optional.of(containerd),
        containerd.endpoint(),
        flags.imageEndpoint(),
        airgapRegistries(flags, settings));
  }

  /**
   * Starts what must run, and opens {@link #ready} when pods can be made and the user's images are
   * in.
   */
  void start(ServiceGroup group) {
    containerd.ifPresent(child -> group.start("containerd", child));
    group.start(
        "runtime",
        () -> {
          RuntimeVersion version =
              new CriReady(InstantSource.system(), Sleeper.SYSTEM).await(runtime);
          if (containerd.isPresent()) {
            ImagePreload preload = ImagePreload.of(containerd.get(), images, airgapRegistries);
            preload.importAll();
            ready.open(version);
            preload.run();
          } else {
            ready.open(version);
          }
        });
  }

  ContainerRuntime runtime() {
    return runtime;
  }

  ImageService images() {
    return images;
  }

  Gate<RuntimeVersion> ready() {
    return ready;
  }

  @Override
  public void close() {
    channel.close();
    imageChannel.ifPresent(CriChannel::close);
  }

  /**
   * The user's image behind the cluster's registry, unless it already names that. Source: k3s
   * v1.36.3 pkg/agent/config.
   */
  static String pauseImage(RuntimeFlags flags, ServerSettings settings) {
    String registry = settings.systemDefaultRegistry();
    return registry.isEmpty() || flags.pauseImage().startsWith(registry + "/")
        ? flags.pauseImage()
        : registry + "/" + flags.pauseImage();
  }

  private static List<String> airgapRegistries(RuntimeFlags flags, ServerSettings settings) {
    return Stream.concat(
            flags.airgapRegistries().stream(), Stream.of(settings.systemDefaultRegistry()))
        .filter(registry -> !registry.isEmpty())
        .distinct()
        .toList();
  }

  static Path cniConfigDir(AgentConfig config) {
    return config.agentDir().resolve("etc/cni/net.d");
  }
}
