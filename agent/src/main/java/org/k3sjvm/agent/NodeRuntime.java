package org.k3sjvm.agent;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import org.k3sjvm.agent.config.AgentConfig;
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
  private final ContainerRuntime runtime;
  private final ImageService images;
  private final Gate<RuntimeVersion> ready = new Gate<>("CriReady");

  private NodeRuntime(Optional<Containerd> containerd, CriEndpoint endpoint) {
    this.containerd = containerd;
    this.channel = CriChannel.open(endpoint);
    this.runtime = new GrpcContainerRuntime(channel, CriTimeouts.DEFAULT);
    this.images = new GrpcImageService(channel, CriTimeouts.DEFAULT);
  }

  /**
   * Finds or prepares the runtime; nothing runs yet.
   *
   * @throws org.k3sjvm.containerd.ContainerdException when a program is missing; the message says
   *     what to install
   */
  static NodeRuntime prepare(AgentConfig config, ServerSettings settings, boolean systemdCgroup)
      throws InterruptedException {
    if (config.runtimeEndpoint().isPresent()) {
      return new NodeRuntime(Optional.empty(), CriEndpoint.parse(config.runtimeEndpoint().get()));
    }
    ContainerdConfig wanted =
        ContainerdConfig.defaults(config.dataDir(), pauseImage(config, settings))
            .withRegistries(config.privateRegistry(), config.disableDefaultRegistryEndpoint())
            .withSnapshotter(config.snapshotter())
            .withSystemdCgroup(systemdCgroup)
            .withLogging(
                config.debug(), Optional.ofNullable(System.getenv("CONTAINERD_LOG_LEVEL")));
    Containerd containerd = Containerd.prepare(wanted);
    return new NodeRuntime(Optional.of(containerd), containerd.endpoint());
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
            ImagePreload preload = ImagePreload.of(containerd.get(), images);
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
  }

  /**
   * The user's image behind the cluster's registry, unless it already names that. Source: k3s
   * v1.36.3 pkg/agent/config.
   */
  static String pauseImage(AgentConfig config, ServerSettings settings) {
    String registry = settings.systemDefaultRegistry();
    return registry.isEmpty() || config.pauseImage().startsWith(registry + "/")
        ? config.pauseImage()
        : registry + "/" + config.pauseImage();
  }

  static Path cniConfigDir(AgentConfig config) {
    return config.agentDir().resolve("etc/cni/net.d");
  }
}
