package org.k3sjvm.kubelet;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
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
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.PodSandbox;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.testing.FakeContainerRuntime;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kubelet.cgroup.CgroupSettings;
import org.k3sjvm.kubelet.image.ImageSettings;
import org.k3sjvm.kubelet.pod.PodNetworkGate;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.kubelet.userns.IdRange;
import org.k3sjvm.kubelet.volume.LocalPodVolumes;
import org.k3sjvm.linux.testing.FakeCgroups;
import org.k3sjvm.linux.testing.FakeMounts;

/** A kubelet over a runtime, an API and a host in memory, and what tests ask of them. */
abstract class KubeletFixture {
  private static final Node NODE =
      new NodeBuilder().withNewMetadata().withName("n1").withUid("node").endMetadata().build();

  static final Duration PATIENCE = Duration.ofSeconds(10);
  static final String IMAGE = "docker.io/library/busybox:1";

  @TempDir Path directory;

  final FakeContainerRuntime runtime = FakeContainerRuntime.create();
  final FakeKubeApi api = new FakeKubeApi();
  final FakeCgroups cgroups = new FakeCgroups();
  ServiceGroup group;
  Kubelet kubelet;
  volatile Optional<String> networkRefusal = Optional.empty();
  final List<String> admitted = new CopyOnWriteArrayList<>();
  final PodNetworkGate gate =
      (pod, addresses, ranBefore) -> {
        if (networkRefusal.isEmpty()) {
          admitted.add(pod.getMetadata().getName() + addresses + (ranBefore ? " again" : ""));
        }
        return networkRefusal;
      };

  @BeforeEach
  void start() throws IOException {
    runtime.images().add(IMAGE);
    startKubelet();
  }

  @AfterEach
  void stop() {
    group.close();
  }

  final void startKubelet() throws IOException {
    KubeletConfig config =
        new KubeletConfig(
            "n1",
            List.of(InetAddress.ofLiteral("10.0.0.1")),
            new KubeletConfig.Directories(
                directory.resolve("kubelet"),
                directory.resolve("pods"),
                directory.resolve("containers")),
            CgroupSettings.DEFAULT,
            KubeletConfig.Dns.none(),
            KubeletConfig.Limits.DEFAULT,
            ImageSettings.DEFAULT,
            IdRange.DEFAULT,
            withStaticPods(KubeletSettings.DEFAULT));
    Map<String, Quantity> allocatable =
        Map.of("cpu", new Quantity("2"), "memory", new Quantity("1Gi"));
    LocalPodVolumes volumes =
        new LocalPodVolumes(
            directory.resolve("kubelet"),
            api,
            new FakeMounts(),
            () -> allocatable,
            InstantSource.system(),
            RandomGenerator.getDefault());
    Files.createDirectories(directory.resolve("kubelet"));
    kubelet =
        new Kubelet(
            config,
            new Kubelet.Ports(
                runtime,
                runtime.images(),
                api,
                volumes,
                cgroups,
                () -> allocatable,
                new Kubelet.NodeObject(() -> Optional.of(NODE), Optional.empty()),
                gate));
    group = ServiceGroup.open("test");
    group.start("kubelet", kubelet);
  }

  KubeletSettings withStaticPods(KubeletSettings settings) {
    KubeletSettings.StaticPods none = settings.staticPods();
    return new KubeletSettings(
        settings.root(),
        settings.port(),
        new KubeletSettings.StaticPods(
            Optional.of(directory.resolve("manifests")),
            none.url(),
            none.urlHeaders(),
            none.fileCheck(),
            none.httpCheck()),
        settings.pulls(),
        settings.events(),
        settings.pods(),
        settings.node(),
        settings.reservations(),
        settings.cgroups(),
        settings.dns(),
        settings.protectKernelDefaults(),
        settings.featureGates());
  }

  static PodBuilder pod(String name) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .withNodeName("n1")
        .withRestartPolicy("Always")
        .withTerminationGracePeriodSeconds(5L)
        .addNewContainer()
        .withName("app")
        .withImage(IMAGE)
        .endContainer()
        .endSpec();
  }

  Pod await(String name, Predicate<Pod> condition) {
    Eventually.holds(
        PATIENCE,
        () -> stored(name).filter(p -> p.getStatus() != null).filter(condition).isPresent(),
        () -> stored(name).map(p -> String.valueOf(p.getStatus())).orElse("gone"));
    return stored(name).orElseThrow();
  }

  void awaitGone(String name) {
    Eventually.holds(
        PATIENCE, () -> stored(name).isEmpty(), () -> String.valueOf(stored(name).orElseThrow()));
  }

  Optional<Pod> stored(String name) {
    return api.stored(Resources.PODS).stream()
        .filter(p -> p.getMetadata().getName().equals(name))
        .findFirst();
  }

  List<String> reasons() {
    return api.stored(Resources.EVENTS).stream().map(Event::getReason).toList();
  }

  List<Container> containers() {
    try {
      return runtime.listContainers(ContainerFilter.ALL);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  List<PodSandbox> sandboxes() {
    try {
      return runtime.listPodSandboxes(SandboxFilter.ALL);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static boolean isReady(Pod pod) {
    return pod.getStatus().getConditions().stream()
        .filter(c -> c.getType().equals("Ready"))
        .map(PodCondition::getStatus)
        .anyMatch("True"::equals);
  }

  static String waiting(Pod pod) {
    return pod.getStatus().getContainerStatuses().stream()
        .filter(c -> c.getState().getWaiting() != null)
        .map(c -> c.getState().getWaiting().getReason())
        .findFirst()
        .orElse("");
  }

  static ObjectName name(String name) {
    return new ObjectName("default", name);
  }
}
