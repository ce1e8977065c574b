package org.k3sjvm.kubelet;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.grpc.CriChannel;
import org.k3sjvm.cri.grpc.CriEndpoint;
import org.k3sjvm.cri.grpc.CriTimeouts;
import org.k3sjvm.cri.grpc.GrpcContainerRuntime;
import org.k3sjvm.cri.grpc.GrpcImageService;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kubelet.cgroup.CgroupSettings;
import org.k3sjvm.kubelet.image.ImageSettings;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.kubelet.userns.IdRange;
import org.k3sjvm.kubelet.volume.LocalPodVolumes;
import org.k3sjvm.linux.cgroup.CgroupFs;
import org.k3sjvm.linux.cgroup.CgroupName;
import org.k3sjvm.linux.mount.KernelMounts;

/** A kubelet on a containerd of the test's own, following an API that the test keeps. */
final class RealKubelet implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  final FakeKubeApi api = new FakeKubeApi();
  final GrpcImageService images;
  final Path root;
  private final PrivateContainerd containerd;
  private final String cgroupRoot = "/k3sjvm-it-" + ProcessHandle.current().pid();
  private final CgroupFs cgroups = CgroupFs.detect(new KernelMounts());
  private final CriChannel channel;
  private final GrpcContainerRuntime runtime;
  private final ServiceGroup group = ServiceGroup.open("test");

  private RealKubelet(PrivateContainerd containerd, ImageSettings settings) throws IOException {
    this.containerd = containerd;
    root = containerd.home().resolve("kubelet");
    channel = CriChannel.open(new CriEndpoint(containerd.socket()));
    runtime = new GrpcContainerRuntime(channel, CriTimeouts.DEFAULT);
    images = new GrpcImageService(channel, CriTimeouts.DEFAULT);
    Map<String, Quantity> allocatable =
        Map.of("cpu", new Quantity("2"), "memory", new Quantity("4Gi"));
    KubeletConfig config =
        new KubeletConfig(
            "n1",
            List.of(InetAddress.ofLiteral("10.0.0.1")),
            new KubeletConfig.Directories(
                root,
                containerd.home().resolve("pod-logs"),
                containerd.home().resolve("container-logs")),
            new CgroupSettings(CgroupSettings.Driver.CGROUPFS, cgroupRoot, true),
            KubeletConfig.Dns.none(),
            KubeletConfig.Limits.DEFAULT,
            settings,
            IdRange.DEFAULT,
            KubeletSettings.DEFAULT);
    LocalPodVolumes volumes =
        new LocalPodVolumes(
            root,
            api,
            new KernelMounts(),
            () -> allocatable,
            InstantSource.system(),
            RandomGenerator.getDefault());
    Kubelet kubelet =
        new Kubelet(
            config, new Kubelet.Ports(runtime, images, api, volumes, cgroups, () -> allocatable));
    group.start("kubelet", kubelet);
  }

  static RealKubelet start(PrivateContainerd containerd, ImageSettings settings)
      throws IOException {
    return new RealKubelet(containerd, settings);
  }

  /** Makes a pod of a spec in JSON with single quotes. */
  void create(String name, String spec) throws InterruptedException {
    Pod pod =
        KubeJson.read(
            ("{'metadata': {'name': '" + name + "', 'namespace': 'default'}, 'spec': " + spec + "}")
                .replace('\'', '"'),
            Pod.class);
    pod.getSpec().setNodeName("n1");
    pod.getSpec().setTerminationGracePeriodSeconds(1L);
    api.create(Resources.PODS, pod);
  }

  Pod await(String name, Predicate<Pod> condition) {
    Eventually.holds(
        PATIENCE,
        () -> stored(name).filter(p -> p.getStatus() != null).filter(condition).isPresent(),
        () -> stored(name).map(p -> p.getStatus() + "\n" + events(name)).orElse("gone"));
    return stored(name).orElseThrow();
  }

  /** What the only container says when its pod is over. */
  String saidBy(String name) throws IOException {
    await(name, p -> List.of("Succeeded", "Failed").contains(p.getStatus().getPhase()));
    try (Stream<Path> logs = Files.list(containerd.home().resolve("pod-logs"))) {
      Path own =
          logs.filter(l -> l.getFileName().toString().startsWith("default_" + name + "_"))
              .findFirst()
              .orElseThrow();
      StringBuilder said = new StringBuilder();
      Files.readAllLines(own.resolve("app/0.log"))
          .forEach(l -> said.append(l.split(" ", 4)[3]).append('\n'));
      return said.toString();
    }
  }

  /** The reason why the only container waits, and its message. */
  static Optional<String> wait(Pod pod) {
    return pod.getStatus().getContainerStatuses().stream()
        .map(s -> s.getState().getWaiting())
        .filter(w -> w != null)
        .map(w -> w.getReason() + ": " + w.getMessage())
        .findFirst();
  }

  List<String> events(String pod) {
    return api.stored(Resources.EVENTS).stream()
        .filter(e -> pod.equals(e.getInvolvedObject().getName()))
        .map(RealKubelet::text)
        .toList();
  }

  void awaitEvent(String pod, String part) {
    Eventually.holds(
        PATIENCE,
        () -> events(pod).stream().anyMatch(e -> e.contains(part)),
        () -> events(pod).toString());
  }

  private static String text(Event event) {
    return event.getType() + " " + event.getReason() + " " + event.getMessage();
  }

  private Optional<Pod> stored(String name) {
    return api.stored(Resources.PODS).stream()
        .filter(p -> p.getMetadata().getName().equals(name))
        .findFirst();
  }

  @Override
  public void close() throws IOException {
    try {
      group.close();
      for (var sandbox : runtime.listPodSandboxes(SandboxFilter.ALL)) {
        runtime.stopPodSandbox(sandbox.id());
        runtime.removePodSandbox(sandbox.id());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    channel.close();
    containerd.close();
    cgroups.remove(new CgroupName(cgroupRoot));
  }
}
