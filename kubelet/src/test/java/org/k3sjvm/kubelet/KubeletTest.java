package org.k3sjvm.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ExecResult;
import org.k3sjvm.cri.testing.Hold;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kubelet.pod.ContainerInstance;
import org.k3sjvm.linux.cgroup.CgroupName;

class KubeletTest extends KubeletFixture {
  @Test
  void bringsAPodFromTheApiServerToReadyAndTakesItAwayAgain() throws InterruptedException {
    api.create(Resources.PODS, pod("web").build());

    Pod ready = await("web", KubeletFixture::isReady);

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
    await("web", KubeletFixture::isReady);

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
    await("web", KubeletFixture::isReady);

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

    Pod ready = await("web", KubeletFixture::isReady);
    assertThat(admitted).contains("web[" + ready.getStatus().getPodIP() + "]");
  }

  @Test
  void tellsANetworkThatAPodHasUsedFromOneThatItHasNot() throws Exception {
    api.create(Resources.PODS, pod("web").build());
    Pod ready = await("web", KubeletFixture::isReady);
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
    await("web", KubeletFixture::isReady);

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

    await("web", KubeletFixture::isReady);

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
  void triesASandboxAgainThatCouldNotBeMade() throws InterruptedException {
    runtime.failNext(
        "RunPodSandbox",
        new CriException.Rejected("RunPodSandbox", "web", "no network", true, null));
    api.create(Resources.PODS, pod("web").build());

    await("web", KubeletFixture::isReady);

    Eventually.holds(
        PATIENCE, () -> reasons().contains("FailedCreatePodSandBox"), () -> reasons().toString());
  }

  @Test
  void adoptsWhatAnEarlierKubeletLeftRunning() throws InterruptedException, IOException {
    api.create(Resources.PODS, pod("web").build());
    await("web", KubeletFixture::isReady);
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
            await("web", KubeletFixture::isReady)
                .getStatus()
                .getContainerStatuses()
                .getFirst()
                .getRestartCount())
        .isZero();
  }

  /** As by a kubelet that is killed meanwhile; {@code Never} would otherwise end the pod. */
  @Test
  void aStartThatWasCutOffIsTriedAgainAndNotCounted() throws Exception {
    Hold starting = runtime.holdNext("StartContainer");
    PodBuilder pod = pod("job");
    pod.editSpec().withRestartPolicy("Never").endSpec();
    api.create(Resources.PODS, pod.build());
    starting.awaitCall();
    stop();
    ContainerId first = containers().getFirst().id();
    runtime.cutOffStart(first);

    startKubelet();

    Pod ready = await("job", KubeletFixture::isReady);
    assertThat(ready.getStatus().getContainerStatuses().getFirst().getRestartCount()).isZero();
    assertThat(containers()).extracting(Container::id).hasSize(1).doesNotContain(first);
  }

  @Test
  void removesPodsThatNobodyKnows() throws InterruptedException, IOException {
    api.create(Resources.PODS, pod("web").build());
    String uid = await("web", KubeletFixture::isReady).getMetadata().getUid();
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
    await("web", KubeletFixture::isReady);

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
    await("web", KubeletFixture::isReady);

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
}
