package org.k3sjvm.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.grpc.CriChannel;
import org.k3sjvm.cri.grpc.CriEndpoint;
import org.k3sjvm.cri.grpc.CriTimeouts;
import org.k3sjvm.cri.grpc.GrpcContainerRuntime;
import org.k3sjvm.cri.grpc.GrpcImageService;
import org.k3sjvm.cri.testing.TestImages;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kubelet.cgroup.CgroupSettings;
import org.k3sjvm.kubelet.volume.LocalPodVolumes;
import org.k3sjvm.linux.cgroup.CgroupFs;
import org.k3sjvm.linux.cgroup.CgroupName;
import org.k3sjvm.linux.mount.KernelMounts;

/** Pods on the host's containerd, in directories, a network and control groups of their own. */
@Tag("host")
class KubeletIT {
  private static final System.Logger log = System.getLogger("KubeletIT");
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int BURST = Integer.getInteger("kubelet.burst", 20);

  private final FakeKubeApi api = new FakeKubeApi();
  private final String cgroupRoot = "/k3sjvm-it-" + ProcessHandle.current().pid();
  private final CgroupFs cgroups = CgroupFs.detect(new KernelMounts());
  private PrivateContainerd containerd;
  private CriChannel channel;
  private ContainerRuntime runtime;
  private ServiceGroup group;
  private Kubelet kubelet;

  @BeforeEach
  void start() throws IOException, InterruptedException {
    containerd = PrivateContainerd.start();
    channel = CriChannel.open(new CriEndpoint(containerd.socket()));
    runtime = new GrpcContainerRuntime(channel, CriTimeouts.DEFAULT);
    startKubelet();
  }

  @AfterEach
  void stop() throws IOException, InterruptedException {
    group.close();
    for (var sandbox : runtime.listPodSandboxes(SandboxFilter.ALL)) {
      runtime.stopPodSandbox(sandbox.id());
      runtime.removePodSandbox(sandbox.id());
    }
    channel.close();
    containerd.close();
    cgroups.remove(new CgroupName(cgroupRoot));
  }

  @Test
  void aPodRunsLogsIsAdoptedAndGoes() throws InterruptedException, IOException {
    Instant began = Instant.now();
    PodBuilder wanted =
        pod("web", "echo \"$GREETING from $(hostname)\"; tail -1 /etc/hosts; exec sleep 1000");
    wanted
        .editSpec()
        .editFirstContainer()
        .addNewEnv()
        .withName("NAME")
        .withNewValueFrom()
        .withNewFieldRef("v1", "metadata.name")
        .endValueFrom()
        .endEnv()
        .addNewEnv()
        .withName("GREETING")
        .withValue("hello $(NAME)")
        .endEnv()
        .addNewVolumeMount()
        .withName("data")
        .withMountPath("/data")
        .endVolumeMount()
        .endContainer()
        .addNewVolume()
        .withName("data")
        .withNewEmptyDir()
        .endEmptyDir()
        .endVolume()
        .endSpec();
    api.create(Resources.PODS, wanted.build());

    Pod ready = await("web", KubeletIT::isReady);
    took("pod ready", began);
    Path logFile =
        kubelet
            .pods()
            .container("default", "web", "app", false)
            .orElseThrow()
            .logPath()
            .orElseThrow();
    Eventually.holds(PATIENCE, () -> read(logFile).lines().count() >= 2, () -> read(logFile));
    assertThat(read(logFile)).contains("stdout F hello web from web");
    assertThat(read(logFile)).contains(ready.getStatus().getPodIP() + "\tweb");
    String id = containerOf(ready).getContainerID();

    group.close();
    startKubelet();
    Eventually.holds(
        PATIENCE,
        () -> kubelet.pods().container("default", "web", "app", false).isPresent(),
        () -> "not adopted");
    Pod adopted = await("web", KubeletIT::isReady);
    assertThat(containerOf(adopted).getContainerID()).isEqualTo(id);
    assertThat(containerOf(adopted).getRestartCount()).isZero();

    api.delete(Resources.PODS, name("web"), new DeleteRequest(Optional.of(1L), Optional.empty()));
    Eventually.holds(PATIENCE, () -> stored("web").isEmpty(), () -> stored("web").toString());
    Eventually.holds(PATIENCE, () -> sandboxes() == 0, () -> "sandboxes are left");
    Eventually.holds(PATIENCE, () -> kubelet.pods().pods().isEmpty(), () -> "workers are left");
    assertThat(Files.exists(logFile)).isFalse();
    assertThat(cgroups.children(new CgroupName(cgroupRoot + "/kubepods/besteffort"))).isEmpty();
  }

  @Test
  void showsHowAContainerEndedAndWhatItSaid() throws InterruptedException {
    PodBuilder wanted = pod("job", "echo -n 'last words' > /dev/termination-log; exit 7");
    wanted.editSpec().withRestartPolicy("Never").endSpec();
    api.create(Resources.PODS, wanted.build());

    Pod over = await("job", p -> "Failed".equals(p.getStatus().getPhase()));

    var end = containerOf(over).getState().getTerminated();
    assertThat(end.getExitCode()).isEqualTo(7);
    assertThat(end.getReason()).isEqualTo("Error");
    assertThat(end.getMessage()).isEqualTo("last words");
  }

  @Test
  void initContainersPrepareWhatTheOthersNeed() throws InterruptedException {
    PodBuilder wanted = pod("web", "cat /data/ready && exec sleep 1000");
    wanted
        .editSpec()
        .editFirstContainer()
        .addNewVolumeMount()
        .withName("data")
        .withMountPath("/data")
        .endVolumeMount()
        .endContainer()
        .addNewInitContainer()
        .withName("prepare")
        .withImage(TestImages.BUSYBOX)
        .withImagePullPolicy("Never")
        .withCommand("sh", "-c", "echo yes > /data/ready")
        .addNewVolumeMount()
        .withName("data")
        .withMountPath("/data")
        .endVolumeMount()
        .endInitContainer()
        .addNewVolume()
        .withName("data")
        .withNewEmptyDir()
        .endEmptyDir()
        .endVolume()
        .endSpec();
    Instant began = Instant.now();
    api.create(Resources.PODS, wanted.build());

    Pod ready = await("web", KubeletIT::isReady);

    took("init and app ready", began);
    assertThat(ready.getStatus().getInitContainerStatuses().getFirst().getReady()).isTrue();
    assertThat(containerOf(ready).getRestartCount()).isZero();
  }

  @Test
  void manyPodsStartAndGoBesideEachOther() throws InterruptedException {
    Instant began = Instant.now();
    for (int i = 0; i < BURST; i++) {
      api.create(Resources.PODS, pod("b" + i, "exec sleep 1000").build());
    }
    Eventually.holds(
        PATIENCE,
        () -> api.stored(Resources.PODS).stream().allMatch(KubeletIT::isReady),
        () -> "not all ready");
    took("all ready", began);

    Instant ending = Instant.now();
    for (int i = 0; i < BURST; i++) {
      api.delete(
          Resources.PODS, name("b" + i), new DeleteRequest(Optional.of(1L), Optional.empty()));
    }
    Eventually.holds(PATIENCE, () -> api.stored(Resources.PODS).isEmpty(), () -> "not all gone");
    took("all gone", ending);
    Eventually.holds(PATIENCE, () -> sandboxes() == 0, () -> "sandboxes are left");
    took("all clean", ending);
  }

  private static void took(String what, Instant since) {
    log.log(System.Logger.Level.INFO, what + ": " + Duration.between(since, Instant.now()));
  }

  private void startKubelet() {
    KubeletConfig config =
        new KubeletConfig(
            "n1",
            List.of(InetAddress.ofLiteral("10.0.0.1")),
            new KubeletConfig.Directories(
                containerd.home().resolve("kubelet"),
                containerd.home().resolve("pod-logs"),
                containerd.home().resolve("container-logs")),
            new CgroupSettings(CgroupSettings.Driver.CGROUPFS, cgroupRoot, true),
            KubeletConfig.Dns.none(),
            KubeletConfig.Limits.DEFAULT);
    Map<String, Quantity> allocatable =
        Map.of("cpu", new Quantity("2"), "memory", new Quantity("4Gi"));
    LocalPodVolumes volumes =
        new LocalPodVolumes(
            containerd.home().resolve("kubelet"),
            api,
            new KernelMounts(),
            () -> allocatable,
            InstantSource.system(),
            RandomGenerator.getDefault());
    kubelet =
        new Kubelet(
            config,
            new Kubelet.Ports(
                runtime,
                new GrpcImageService(channel, CriTimeouts.DEFAULT),
                api,
                volumes,
                cgroups,
                () -> allocatable));
    group = ServiceGroup.open("test");
    group.start("kubelet", kubelet);
  }

  private static PodBuilder pod(String name, String script) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .withNodeName("n1")
        .withRestartPolicy("Always")
        .withTerminationGracePeriodSeconds(1L)
        .addNewContainer()
        .withName("app")
        .withImage(TestImages.BUSYBOX)
        .withImagePullPolicy("Never")
        .withCommand("sh", "-c", script)
        .endContainer()
        .endSpec();
  }

  private Pod await(String name, Predicate<Pod> condition) {
    Eventually.holds(
        PATIENCE,
        () -> stored(name).filter(p -> p.getStatus() != null).filter(condition).isPresent(),
        () -> stored(name).map(p -> String.valueOf(p.getStatus())).orElse("gone"));
    return stored(name).orElseThrow();
  }

  private Optional<Pod> stored(String name) {
    return api.stored(Resources.PODS).stream()
        .filter(p -> p.getMetadata().getName().equals(name))
        .findFirst();
  }

  private int sandboxes() {
    try {
      return runtime.listPodSandboxes(SandboxFilter.ALL).size();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }

  private static ContainerStatus containerOf(Pod pod) {
    return pod.getStatus().getContainerStatuses().getFirst();
  }

  private static boolean isReady(Pod pod) {
    return pod.getStatus() != null
        && pod.getStatus().getConditions().stream()
            .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
  }

  private static ObjectName name(String name) {
    return new ObjectName("default", name);
  }
}
