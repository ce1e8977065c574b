package org.k3sjvm.agent;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.TaintBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.k3sjvm.agent.certificate.NodeCredentials;
import org.k3sjvm.agent.config.AgentConfig;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.http.ServerTls;
import org.k3sjvm.join.JoinedNode;
import org.k3sjvm.join.NodeCertificate;
import org.k3sjvm.kubelet.Kubelet;
import org.k3sjvm.kubelet.KubeletConfig;
import org.k3sjvm.kubelet.cgroup.CgroupSettings;
import org.k3sjvm.kubelet.image.ImageSettings;
import org.k3sjvm.kubelet.node.AgentNodePatch;
import org.k3sjvm.kubelet.node.NodeArguments;
import org.k3sjvm.kubelet.node.NodeConfig;
import org.k3sjvm.kubelet.node.NodeKeeper;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.pod.PodNetworkGate;
import org.k3sjvm.kubelet.server.KubeletServer;
import org.k3sjvm.kubelet.server.KubeletServerConfig;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.kubelet.userns.IdRange;
import org.k3sjvm.kubelet.volume.LocalPodVolumes;
import org.k3sjvm.kubelet.volume.VolumeReport;
import org.k3sjvm.linux.mount.Mounts;
import org.k3sjvm.linux.systemd.SystemdCgroups;
import org.k3sjvm.linux.systemd.SystemdUnits;

/** The kubelet of this node: the Node object, the pods, and the annotations that k3s adds. */
final class NodeKubelet {
  private final NodeKeeper keeper;
  private final Kubelet kubelet;
  private final LocalPodVolumes volumes;
  private final Path logs;
  private final NodeAnnotations annotations;

  private NodeKubelet(
      NodeKeeper keeper,
      Kubelet kubelet,
      LocalPodVolumes volumes,
      Path logs,
      NodeAnnotations annotations) {
    this.keeper = keeper;
    this.kubelet = kubelet;
    this.volumes = volumes;
    this.logs = logs;
    this.annotations = annotations;
  }

  static NodeKubelet compose(
      AgentConfig config,
      KubeletSettings settings,
      JoinedNode node,
      Apis apis,
      NodeRuntime runtime,
      Ground ground,
      PodNetworkGate network)
      throws IOException {
    Mounts mounts = ground.mounts();
    LateEvents events = new LateEvents();
    NodeKeeper keeper =
        new NodeKeeper(
            nodeConfig(config, settings, node),
            apis.heartbeat(),
            runtime.runtime(),
            runtime.images(),
            mounts,
            events::tell);
    LocalPodVolumes volumes =
        new LocalPodVolumes(
            settings.root(),
            apis.kubelet(),
            mounts,
            keeper::allocatable,
            InstantSource.system(),
            RandomGenerator.getDefault());
    Kubelet kubelet =
        new Kubelet(
            kubeletConfig(config, settings, node, ground),
            new Kubelet.Ports(
                runtime.runtime(),
                runtime.images(),
                apis.kubelet(),
                volumes,
                systemdCgroups(settings)
                    ? new SystemdCgroups(ground.cgroups(), new SystemdUnits())
                    : ground.cgroups(),
                keeper::allocatable,
                new Kubelet.NodeObject(keeper::latest, Optional.of(keeper.known())),
                network));
    events.kubelet = Optional.of(kubelet);
    AgentNodePatch patch =
        new AgentNodePatch(
            config.labels(),
            NodeTunnels.leadToPods(node),
            !node.settings().disableCloudController(),
            texts(node.addresses().internal()),
            texts(node.addresses().external()),
            config.internalDns(),
            config.externalDns(),
            HostName.read(),
            NodeArguments.of(config.arguments(), System.getenv()));
    return new NodeKubelet(
        keeper,
        kubelet,
        volumes,
        ground.logs(),
        new NodeAnnotations(patch, apis.kubelet(), Sleeper.SYSTEM));
  }

  /** Registers the node and runs its pods; the runtime is ready. */
  void start(ServiceGroup group) {
    group.start("node-status", keeper);
    group.start("pods", kubelet);
  }

  /**
   * Serves the kubelet's API until closed.
   *
   * @param metrics of other parts of the node, shown with the kubelet's
   * @throws IOException when the port is taken; the message names it
   */
  KubeletServer serve(
      AgentConfig config,
      KubeletSettings settings,
      JoinedNode node,
      NodeCredentials credentials,
      Apis apis,
      NodeRuntime runtime,
      Supplier<String> metrics)
      throws IOException {
    NodeCredentials.Held held = credentials.held();
    ServerTls tls = new ServerTls(held.tls(NodeCertificate.SERVING_KUBELET), held.clientCa());
    credentials.onChange(
        fresh -> {
          tls.replaceIdentity(fresh.tls(NodeCertificate.SERVING_KUBELET));
          tls.replaceClientAuthorities(fresh.clientCa());
        });
    tls.replaceIdentity(credentials.held().tls(NodeCertificate.SERVING_KUBELET)); // of meanwhile
    return KubeletServer.start(
        new KubeletServerConfig(node.name(), endpoint(config, settings), logs),
        tls,
        apis.kubelet(),
        kubelet.pods(),
        runtime.runtime(),
        kubelet.podStarts(),
        metrics);
  }

  /** Forgets what the node's pods do not need any more, once they are known, until interrupted. */
  void tidy(ColdStart memory) throws InterruptedException {
    kubelet.synced().await();
    memory.tidyForEver(() -> kubelet.pods().pods());
  }

  /** Returns when the node says all that the cluster needs. */
  void awaitAnnotated() throws InterruptedException {
    annotations.write(keeper.registered());
  }

  /** Writes an event about this node; does not block. */
  void tellOfNode(boolean warning, String reason, String message) {
    kubelet
        .events()
        .recordOfNode(
            warning ? PodEvent.warning(reason, message) : PodEvent.normal(reason, message));
  }

  /** The node's pods with their newest status. */
  List<Pod> pods() {
    return kubelet.pods().pods();
  }

  /** The volumes of pods, by their uid. */
  Map<String, List<VolumeReport>> volumes() {
    return volumes.report();
  }

  /** How the newest pods started, as lines of JSON. */
  String podStarts() {
    return PodStartLines.of(kubelet.podStarts().recent());
  }

  NodeKeeper keeper() {
    return keeper;
  }

  /** Where servers reach the kubelet's API through a tunnel. */
  static HostPort endpoint(AgentConfig config, KubeletSettings settings) {
    return new HostPort(config.bindAddress().orElse("0.0.0.0"), settings.port());
  }

  /** Whether systemd makes the pods' control groups, and containerd must ask it. */
  static boolean systemdCgroups(KubeletSettings settings) {
    return settings.cgroups().driver() == CgroupSettings.Driver.SYSTEMD;
  }

  private static NodeConfig nodeConfig(
      AgentConfig config, KubeletSettings settings, JoinedNode node) {
    return new NodeConfig(
        node.name(),
        node.addresses().internal(),
        !node.settings().disableCloudController(),
        config.labels(),
        settings.node().taints().stream()
            .map(
                taint ->
                    new TaintBuilder()
                        .withKey(taint.key())
                        .withValue(taint.value())
                        .withEffect(taint.effect())
                        .build())
            .toList(),
        settings.node().providerId(),
        Version.current().version(),
        settings.port(),
        settings.pods(),
        settings.root(),
        settings.reservations(),
        settings.node().maxImages(),
        new NodeConfig.Periods(
            settings.node().statusUpdate(),
            settings.node().statusReport(),
            NodeConfig.Periods.DEFAULT.fastStart(),
            settings.node().lease()));
  }

  private static KubeletConfig kubeletConfig(
      AgentConfig config, KubeletSettings settings, JoinedNode node, Ground ground)
      throws IOException {
    return new KubeletConfig(
        node.name(),
        node.addresses().internal(),
        new KubeletConfig.Directories(
            settings.root(), ground.logs().resolve("pods"), ground.logs().resolve("containers")),
        settings.cgroups(),
        new KubeletConfig.Dns(
            settings.dns().servers().isEmpty()
                ? texts(node.settings().clusterDns())
                : settings.dns().servers(),
            settings.dns().domain().orElse(node.settings().clusterDomain()),
            Optional.of(settings.dns().resolvConf().orElse(node.resolvConf()))),
        new KubeletConfig.Limits(
            settings.pods().maxPods(),
            KubeletConfig.Limits.DEFAULT.parallelStarts(),
            settings.cgroups().podPids()),
        images(config, settings.pulls()),
        IdRange.granted(Path.of("/etc")),
        settings);
  }

  private static ImageSettings images(AgentConfig config, KubeletSettings.Pulls pulls) {
    ImageSettings limits =
        ImageSettings.DEFAULT.withLimits(
            pulls.serial() ? 1 : pulls.atOnce().orElse(ImageSettings.DEFAULT.parallelPulls()),
            pulls.rate().perSecond(),
            pulls.rate().burst());
    return config
        .credentialProviders()
        .map(p -> limits.withProviders(p.directory(), p.providers()))
        .orElse(limits);
  }

  private static List<String> texts(List<InetAddress> addresses) {
    return addresses.stream().map(InetAddress::getHostAddress).toList();
  }

  /** The keeper tells of the node before the kubelet, whose recorder writes it down, is there. */
  private static final class LateEvents {
    private volatile Optional<Kubelet> kubelet = Optional.empty();

    void tell(boolean warning, String reason, String message) {
      PodEvent event =
          warning ? PodEvent.warning(reason, message) : PodEvent.normal(reason, message);
      kubelet.ifPresent(k -> k.events().recordOfNode(event));
    }
  }
}
