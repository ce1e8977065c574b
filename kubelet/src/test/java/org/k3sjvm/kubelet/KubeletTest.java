package org.k3sjvm.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStatus;
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
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ExecResult;
import org.k3sjvm.cri.Image;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.Mount;
import org.k3sjvm.cri.PodSandbox;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.testing.FakeContainerRuntime;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kubelet.cgroup.CgroupSettings;
import org.k3sjvm.kubelet.image.ImageSettings;
import org.k3sjvm.kubelet.pod.ContainerInstance;
import org.k3sjvm.kubelet.pod.PodNetworkGate;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.kubelet.userns.IdRange;
import org.k3sjvm.kubelet.volume.LocalPodVolumes;
import org.k3sjvm.linux.cgroup.CgroupName;
import org.k3sjvm.linux.testing.FakeCgroups;
import org.k3sjvm.linux.testing.FakeMounts;

class KubeletTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final String IMAGE = "docker.io/library/busybox:1";

  @TempDir Path directory;

  private final FakeContainerRuntime runtime = FakeContainerRuntime.create();
  private static final Node NODE =
      new NodeBuilder().withNewMetadata().withName("n1").withUid("node").endMetadata().build();

  private final FakeKubeApi api = new FakeKubeApi();
  private final FakeCgroups cgroups = new FakeCgroups();
  private ServiceGroup group;
  private Kubelet kubelet;
  private volatile Optional<String> networkRefusal = Optional.empty();
  private final List<String> admitted = new CopyOnWriteArrayList<>();
  private final PodNetworkGate gate =
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

  @Test
  void bringsAPodFromTheApiServerToReadyAndTakesItAwayAgain() throws InterruptedException {
    api.create(Resources.PODS, pod("web").build());

    Pod ready = await("web", KubeletTest::isReady);

    String uid = ready.getMetadata().getUid();
    ContainerStatus status = ready.getStatus().getContainerStatuses().getFirst();
    assertThat(ready.getStatus().getPhase()).isEqualTo("Running");
    assertThat(ready.getStatus().getPodIP()).isNotEmpty();
    assertThat(ready.getStatus().getHostIP()).isEqualTo("10.0.0.1");
    assertThat(ready.getStatus().getQosClass()).isEqualTo("BestEffort");
    assertThat(status.getState().getRunning()).isNotNull();
    assertThat(status.getContainerID()).startsWith("containerd://");
    assertThat(cgroups.exists(new CgroupName("/kubepods/besteffort/pod" + uid))).isTrue();

    api.delete(Resources.PODS, name("web"), new DeleteRequest(Optional.of(5L), Optional.empty()));

    awaitGone("web");
    Eventually.holds(PATIENCE, () -> sandboxes().isEmpty(), () -> sandboxes().toString());
    Eventually.holds(
        PATIENCE, () -> kubelet.pods().pods().isEmpty(), () -> kubelet.pods().pods().toString());
    assertThat(cgroups.exists(new CgroupName("/kubepods/besteffort/pod" + uid))).isFalse();
    assertThat(directory.resolve("kubelet/pods/" + uid)).doesNotExist();
    assertThat(directory.resolve("pods/default_web_" + uid)).doesNotExist();
  }

  @Test
  void tellsUsersWhatHappened() throws InterruptedException {
    api.create(Resources.PODS, pod("web").build());
    await("web", KubeletTest::isReady);

    Eventually.holds(PATIENCE, () -> reasons().contains("Started"), () -> reasons().toString());
    assertThat(reasons()).containsSubsequence("Pulled", "Created", "Started");
    assertThat(api.stored(Resources.EVENTS))
        .filteredOn(e -> e.getReason().equals("Started"))
        .extracting(e -> e.getInvolvedObject().getFieldPath())
        .containsExactly("spec.containers{app}");
  }

  @Test
  void findsContainersForThoseWhoServeLogs() throws InterruptedException {
    api.create(Resources.PODS, pod("web").build());
    await("web", KubeletTest::isReady);

    ContainerInstance found =
        kubelet.pods().container("default", "web", "app", false).orElseThrow();

    assertThat(found.running()).isTrue();
    assertThat(kubelet.pods().container("default", "web", "app", true)).isEmpty();
    assertThat(kubelet.pods().sandbox("default", "web")).isPresent();
  }

  @Test
  void startsNoContainerBeforeThePodsNetworkMayBeUsed() throws InterruptedException {
    networkRefusal = Optional.of("policies are not in force");
    api.create(Resources.PODS, pod("web").build());
    await("web", p -> "CreateContainerConfigError".equals(waiting(p)));
    assertThat(containers()).isEmpty();

    networkRefusal = Optional.empty();

    Pod ready = await("web", KubeletTest::isReady);
    assertThat(admitted).contains("web[" + ready.getStatus().getPodIP() + "]");
  }

  @Test
  void tellsANetworkThatAPodHasUsedFromOneThatItHasNot() throws Exception {
    api.create(Resources.PODS, pod("web").build());
    Pod ready = await("web", KubeletTest::isReady);
    stop();
    startKubelet();
    runtime.exit(containers().getFirst().id(), 3);

    String entry = "web[" + ready.getStatus().getPodIP() + "]";
    Eventually.holds(
        PATIENCE, () -> admitted.equals(List.of(entry, entry + " again")), admitted::toString);
  }

  @Test
  void restartsAContainerThatEndsAndCountsIt() throws InterruptedException {
    api.create(Resources.PODS, pod("web").build());
    await("web", KubeletTest::isReady);

    runtime.exit(containers().getFirst().id(), 3);

    Pod again =
        await(
            "web",
            p ->
                p.getStatus().getContainerStatuses().getFirst().getRestartCount() == 1
                    && isReady(p));
    assertThat(
            again
                .getStatus()
                .getContainerStatuses()
                .getFirst()
                .getLastState()
                .getTerminated()
                .getExitCode())
        .isEqualTo(3);

    runtime.exit(
        containers().stream()
            .filter(c -> c.metadata().attempt() == 1)
            .findFirst()
            .orElseThrow()
            .id(),
        4);

    await("web", p -> "CrashLoopBackOff".equals(waiting(p)));
  }

  @Test
  void runsInitContainersInOrderBeforeTheOthers() throws InterruptedException {
    runtime.exitAtStart("first", 0);
    runtime.exitAtStart("second", 0);
    PodBuilder pod = pod("web");
    pod.editSpec()
        .addNewInitContainer()
        .withName("first")
        .withImage(IMAGE)
        .endInitContainer()
        .addNewInitContainer()
        .withName("second")
        .withImage(IMAGE)
        .endInitContainer()
        .endSpec();
    api.create(Resources.PODS, pod.build());

    await("web", KubeletTest::isReady);

    List<String> order =
        containers().stream()
            .sorted(Comparator.comparing(Container::createdAt))
            .map(c -> c.metadata().name())
            .toList();
    assertThat(order).containsExactly("first", "second", "app");
  }

  @Test
  void endsAPodWhoseContainersSucceeded() throws InterruptedException {
    runtime.exitAtStart("app", 0);
    PodBuilder pod = pod("job");
    pod.editSpec().withRestartPolicy("Never").endSpec();
    api.create(Resources.PODS, pod.build());

    Pod over = await("job", p -> "Succeeded".equals(p.getStatus().getPhase()));

    assertThat(over.getStatus().getContainerStatuses().getFirst().getState().getTerminated())
        .isNotNull();
    assertThat(kubelet.pods().container("default", "job", "app", false)).isPresent();
  }

  @Test
  void showsAnImageThatCannotBePulled() throws InterruptedException {
    PodBuilder pod = pod("web");
    pod.editSpec().editFirstContainer().withImage("nowhere/none:1").endContainer().endSpec();
    api.create(Resources.PODS, pod.build());

    await("web", p -> "ErrImagePull".equals(waiting(p)));
    await("web", p -> "ImagePullBackOff".equals(waiting(p)));
  }

  @Test
  void showsAnImageAsAVolumeOnceItIsPulled() throws InterruptedException {
    runtime.images().offer("docker.io/library/data:1");
    api.create(Resources.PODS, withImageVolume(pod("web"), "docker.io/library/data:1").build());

    await("web", KubeletTest::isReady);

    Mount mount = runtime.configOf(containers().getFirst().id()).mounts().getFirst();
    assertThat(mount.containerPath()).isEqualTo("/data");
    assertThat(mount.hostPath()).isEmpty();
    assertThat(mount.readonly()).isTrue();
    assertThat(mount.imageSubPath()).isEqualTo("part");
    assertThat(mount.image().map(ImageSpec::userSpecifiedImage))
        .contains("docker.io/library/data:1");
    assertThat(mount.image().map(ImageSpec::annotations)).contains(Map.of("team", "a"));
    assertThat(mount.image().map(ImageSpec::image)).isEqualTo(image("docker.io/library/data:1"));
    Eventually.holds(PATIENCE, () -> reasons().contains("Started"), () -> reasons().toString());
    assertThat(reasons()).containsSubsequence("Pulling", "Pulled", "Pulled", "Created");
  }

  @Test
  void showsAVolumesImageThatCannotBePulled() throws InterruptedException {
    api.create(Resources.PODS, withImageVolume(pod("web"), "nowhere/none:1").build());

    await("web", p -> "ErrImagePull".equals(waiting(p)));
    Pod waits = await("web", p -> "ImagePullBackOff".equals(waiting(p)));

    assertThat(containers()).isEmpty();
    assertThat(
            waits
                .getStatus()
                .getContainerStatuses()
                .getFirst()
                .getState()
                .getWaiting()
                .getMessage())
        .startsWith("Back-off pulling image \"nowhere/none:1\": ErrImagePull: ");
    Eventually.holds(PATIENCE, () -> reasons().contains("BackOff"), () -> reasons().toString());
    assertThat(api.stored(Resources.EVENTS))
        .anySatisfy(
            e -> {
              assertThat(e.getMessage()).isEqualTo("Error: ErrImagePull");
              assertThat(e.getInvolvedObject().getFieldPath()).isEqualTo("spec.containers{app}");
            })
        .anySatisfy(
            e -> {
              assertThat(e.getMessage()).isEqualTo("Back-off pulling image \"nowhere/none:1\"");
              assertThat(e.getInvolvedObject().getFieldPath()).isNull();
            });
  }

  private Optional<String> image(String reference) throws InterruptedException {
    return runtime.images().imageStatus(ImageSpec.of(reference)).map(Image::id);
  }

  private static PodBuilder withImageVolume(PodBuilder pod, String reference) {
    pod.editMetadata().addToAnnotations("team", "a").endMetadata();
    pod.editSpec()
        .addNewVolume()
        .withName("data")
        .withNewImage()
        .withReference(reference)
        .withPullPolicy("IfNotPresent")
        .endImage()
        .endVolume()
        .editFirstContainer()
        .addNewVolumeMount()
        .withName("data")
        .withMountPath("/data")
        .withSubPath("part")
        .endVolumeMount()
        .endContainer()
        .endSpec();
    return pod;
  }

  @Test
  void triesASandboxAgainThatCouldNotBeMade() throws InterruptedException {
    runtime.failNext(
        "RunPodSandbox",
        new CriException.Rejected("RunPodSandbox", "web", "no network", true, null));
    api.create(Resources.PODS, pod("web").build());

    await("web", KubeletTest::isReady);

    Eventually.holds(
        PATIENCE, () -> reasons().contains("FailedCreatePodSandBox"), () -> reasons().toString());
  }

  @Test
  void adoptsWhatAnEarlierKubeletLeftRunning() throws InterruptedException, IOException {
    api.create(Resources.PODS, pod("web").build());
    await("web", KubeletTest::isReady);
    List<String> before = containers().stream().map(c -> c.id().value()).toList();

    group.close();
    startKubelet();
    Eventually.holds(
        PATIENCE,
        () -> kubelet.pods().container("default", "web", "app", false).isPresent(),
        () -> "not adopted");

    assertThat(containers().stream().map(c -> c.id().value()).toList()).isEqualTo(before);
    assertThat(containers().getFirst().state().name()).isEqualTo("RUNNING");
    assertThat(
            await("web", KubeletTest::isReady)
                .getStatus()
                .getContainerStatuses()
                .getFirst()
                .getRestartCount())
        .isZero();
  }

  @Test
  void removesPodsThatNobodyKnows() throws InterruptedException, IOException {
    api.create(Resources.PODS, pod("web").build());
    String uid = await("web", KubeletTest::isReady).getMetadata().getUid();
    group.close();
    api.delete(Resources.PODS, name("web"), DeleteRequest.now(uid));

    startKubelet();

    Eventually.holds(PATIENCE, () -> sandboxes().isEmpty(), () -> sandboxes().toString());
  }

  @Test
  void leavesControlGroupsThatAnotherKubeletUses() throws IOException {
    CgroupName used = new CgroupName("/kubepods/besteffort/podother");
    CgroupName left = new CgroupName("/kubepods/besteffort/podgone");
    group.close();
    cgroups.create(used);
    cgroups.putProcess(used, 4_000_000);
    cgroups.create(left);

    startKubelet();

    Eventually.holds(PATIENCE, () -> !cgroups.exists(left), () -> "not removed");
    assertThat(cgroups.exists(used)).isTrue();
  }

  @Test
  void makesASandboxAnewWhenItDied() throws InterruptedException {
    api.create(Resources.PODS, pod("web").build());
    await("web", KubeletTest::isReady);

    runtime.killSandbox(sandboxes().getFirst().id());

    Pod again =
        await(
            "web",
            p ->
                isReady(p)
                    && p.getStatus().getContainerStatuses().getFirst().getRestartCount() == 1);
    assertThat(again.getStatus().getPhase()).isEqualTo("Running");
  }

  @Test
  void isReadyOnlyWhenTheReadinessProbeAgreesAndRestartsWhatIsNotAlive()
      throws InterruptedException {
    AtomicInteger ready = new AtomicInteger(1);
    AtomicInteger alive = new AtomicInteger(0);
    runtime.onExec(
        (_, command) ->
            new ExecResult("", "", command.contains("ready") ? ready.get() : alive.get()));
    PodBuilder pod = pod("web");
    pod.editSpec()
        .editFirstContainer()
        .withNewReadinessProbe()
        .withPeriodSeconds(1)
        .withNewExec()
        .withCommand("ready")
        .endExec()
        .endReadinessProbe()
        .withNewLivenessProbe()
        .withPeriodSeconds(1)
        .withFailureThreshold(1)
        .withNewExec()
        .withCommand("alive")
        .endExec()
        .endLivenessProbe()
        .endContainer()
        .endSpec();
    api.create(Resources.PODS, pod.build());

    await("web", p -> "Running".equals(p.getStatus().getPhase()));
    Eventually.holds(PATIENCE, () -> reasons().contains("Unhealthy"), () -> reasons().toString());
    assertThat(isReady(stored("web").orElseThrow())).isFalse();

    ready.set(0);
    await("web", KubeletTest::isReady);

    alive.set(1);
    Pod again =
        await("web", p -> p.getStatus().getContainerStatuses().getFirst().getRestartCount() == 1);
    assertThat(again.getMetadata().getName()).isEqualTo("web");
    assertThat(reasons()).contains("Killing");
  }

  @Test
  void aStaticPodRunsAndShowsAsAMirror() throws IOException, InterruptedException {
    Path manifests = Files.createDirectory(directory.resolve("manifests"));
    String manifest =
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          terminationGracePeriodSeconds: 1
          containers: [{name: app, image: "%s"}]
        """
            .formatted(IMAGE);
    Files.writeString(manifests.resolve("web.yaml"), manifest);

    Pod mirror = await("web-n1", p -> "Running".equals(p.getStatus().getPhase()));
    String hash = mirror.getMetadata().getAnnotations().get("kubernetes.io/config.mirror");
    assertThat(kubelet.pods().pod("default", "web-n1").orElseThrow().getMetadata().getUid())
        .isEqualTo(hash)
        .isNotEqualTo(mirror.getMetadata().getUid());
    assertThat(kubelet.pods().container("default", "web-n1", "app", false)).isPresent();

    api.delete(Resources.PODS, name("web-n1"), DeleteRequest.DEFAULT);
    Pod again =
        await(
            "web-n1",
            p ->
                !p.getMetadata().getUid().equals(mirror.getMetadata().getUid())
                    && "Running".equals(p.getStatus().getPhase()));
    assertThat(again.getStatus().getContainerStatuses().getFirst().getContainerID())
        .isEqualTo(mirror.getStatus().getContainerStatuses().getFirst().getContainerID());

    Files.writeString(manifests.resolve("web.yaml"), manifest.replace("app,", "other,"));
    await(
        "web-n1",
        p ->
            p.getStatus().getContainerStatuses().stream()
                .anyMatch(c -> c.getName().equals("other") && c.getReady()));

    Files.delete(manifests.resolve("web.yaml"));
    awaitGone("web-n1");
    Eventually.holds(PATIENCE, () -> sandboxes().isEmpty(), () -> sandboxes().toString());
  }

  @Test
  void aPodThatDoesNotFitFailsAndStays() throws InterruptedException {
    PodBuilder pod = pod("big");
    pod.editSpec()
        .editFirstContainer()
        .withNewResources()
        .addToRequests("cpu", new Quantity("3"))
        .endResources()
        .endContainer()
        .endSpec();
    api.create(Resources.PODS, pod.build());

    Pod refused = await("big", p -> "Failed".equals(p.getStatus().getPhase()));
    assertThat(refused.getStatus().getReason()).isEqualTo("OutOfcpu");
    assertThat(refused.getStatus().getMessage()).startsWith("Pod was rejected: Node didn't have");
    Eventually.holds(PATIENCE, () -> reasons().contains("OutOfcpu"), () -> reasons().toString());
    assertThat(sandboxes()).isEmpty();

    api.delete(Resources.PODS, name("big"), DeleteRequest.DEFAULT);
    awaitGone("big");
  }

  private void startKubelet() throws IOException {
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

  private KubeletSettings withStaticPods(KubeletSettings settings) {
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
        settings.featureGates());
  }

  private static PodBuilder pod(String name) {
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

  private Pod await(String name, Predicate<Pod> condition) {
    Eventually.holds(
        PATIENCE,
        () -> stored(name).filter(p -> p.getStatus() != null).filter(condition).isPresent(),
        () -> stored(name).map(p -> String.valueOf(p.getStatus())).orElse("gone"));
    return stored(name).orElseThrow();
  }

  private void awaitGone(String name) {
    Eventually.holds(
        PATIENCE, () -> stored(name).isEmpty(), () -> String.valueOf(stored(name).orElseThrow()));
  }

  private Optional<Pod> stored(String name) {
    return api.stored(Resources.PODS).stream()
        .filter(p -> p.getMetadata().getName().equals(name))
        .findFirst();
  }

  private List<String> reasons() {
    return api.stored(Resources.EVENTS).stream().map(Event::getReason).toList();
  }

  private List<Container> containers() {
    try {
      return runtime.listContainers(ContainerFilter.ALL);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<PodSandbox> sandboxes() {
    try {
      return runtime.listPodSandboxes(SandboxFilter.ALL);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isReady(Pod pod) {
    return pod.getStatus().getConditions().stream()
        .filter(c -> c.getType().equals("Ready"))
        .map(PodCondition::getStatus)
        .anyMatch("True"::equals);
  }

  private static String waiting(Pod pod) {
    return pod.getStatus().getContainerStatuses().stream()
        .filter(c -> c.getState().getWaiting() != null)
        .map(c -> c.getState().getWaiting().getReason())
        .findFirst()
        .orElse("");
  }

  private static ObjectName name(String name) {
    return new ObjectName("default", name);
  }
}
