package org.k3sjvm.cri;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** What every runtime behind the ports does; runs against the fake and against containerd. */
public abstract class ContainerRuntimeContract {
  protected static final String IMAGE = "docker.io/library/busybox:1";
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private String uid = "";

  protected abstract ContainerRuntime runtime();

  protected abstract ImageService images();

  /** A container whose process ends by itself with that code. */
  protected abstract ContainerConfig ending(int exitCode);

  /** Makes the container outlast SIGTERM, where its process does not do so by itself. */
  protected abstract void ignoreTerm(ContainerId container);

  @BeforeEach
  void nameTheTest(TestInfo test) {
    uid = "uid-" + test.getDisplayName().replaceAll("[^A-Za-z]", "");
  }

  @AfterEach
  void removeEverything() throws InterruptedException {
    for (PodSandbox sandbox : runtime().listPodSandboxes(SandboxFilter.ALL)) {
      runtime().stopPodSandbox(sandbox.id());
      runtime().removePodSandbox(sandbox.id());
    }
  }

  @Test
  void saysWhoItIsAndThatItIsReady() throws InterruptedException {
    assertThat(runtime().version().name()).isNotEmpty();
    assertThat(runtime().version().apiVersion()).isEqualTo("v1");
    assertThat(runtime().status().is(RuntimeStatus.RUNTIME_READY)).isTrue();
  }

  @Test
  void makesASandboxThatIsReadyAndListed() throws InterruptedException {
    PodSandboxConfig config = sandbox("a", 0);
    SandboxId id = runtime().runPodSandbox(config, "");

    PodSandboxStatus status = runtime().podSandboxStatus(id);
    assertThat(status.state()).isEqualTo(SandboxState.READY);
    assertThat(status.metadata()).isEqualTo(config.metadata());
    assertThat(status.labels()).isEqualTo(config.labels());
    assertThat(status.annotations()).isEqualTo(config.annotations());
    assertThat(status.ips()).isEmpty();
    assertThat(status.namespaces().map(NamespaceOptions::network)).contains(NamespaceMode.NODE);
    assertThat(runtime().listPodSandboxes(SandboxFilter.ALL))
        .extracting(PodSandbox::id)
        .containsExactly(id);
  }

  @Test
  void listsOnlySandboxesThatMatchTheFilter() throws InterruptedException {
    SandboxId a = runtime().runPodSandbox(sandbox("a", 0), "");
    SandboxId b = runtime().runPodSandbox(sandbox("b", 0), "");
    runtime().stopPodSandbox(b);

    assertThat(runtime().listPodSandboxes(SandboxFilter.labelled(Map.of("pod", "a"))))
        .extracting(PodSandbox::id)
        .containsExactly(a);
    SandboxFilter notReady =
        new SandboxFilter(Optional.empty(), Optional.of(SandboxState.NOT_READY), Map.of());
    assertThat(runtime().listPodSandboxes(notReady)).extracting(PodSandbox::id).containsExactly(b);
    SandboxFilter byId = new SandboxFilter(Optional.of(a), Optional.empty(), Map.of());
    assertThat(runtime().listPodSandboxes(byId)).extracting(PodSandbox::id).containsExactly(a);
  }

  @Test
  void refusesASecondSandboxWithTheSameMetadata() throws InterruptedException {
    runtime().runPodSandbox(sandbox("a", 0), "");

    assertThatThrownBy(() -> runtime().runPodSandbox(sandbox("a", 0), ""))
        .isInstanceOf(CriException.Rejected.class);
    assertThat(runtime().runPodSandbox(sandbox("a", 1), "")).isNotNull();
  }

  @Test
  void stopsAndRemovesSandboxesAsOftenAsAsked() throws InterruptedException {
    SandboxId id = runtime().runPodSandbox(sandbox("a", 0), "");
    runtime().stopPodSandbox(id);
    assertThat(runtime().podSandboxStatus(id).state()).isEqualTo(SandboxState.NOT_READY);
    runtime().stopPodSandbox(id);
    runtime().removePodSandbox(id);
    runtime().removePodSandbox(id);
    runtime().stopPodSandbox(id);

    assertThatThrownBy(() -> runtime().podSandboxStatus(id))
        .isInstanceOf(CriException.NotFound.class);
  }

  @Test
  void takesAContainerThroughItsLife() throws InterruptedException {
    SandboxId sandbox = runtime().runPodSandbox(sandbox("a", 0), "");
    ContainerConfig config = running("main", 0);
    ContainerId id = runtime().createContainer(sandbox, config, sandbox("a", 0));
    assertThat(runtime().containerStatus(id).state()).isEqualTo(ContainerState.CREATED);
    assertThat(runtime().containerStatus(id).startedAt()).isEmpty();

    runtime().startContainer(id);
    ContainerStatus running = runtime().containerStatus(id);
    assertThat(running.state()).isEqualTo(ContainerState.RUNNING);
    assertThat(running.metadata()).isEqualTo(config.metadata());
    assertThat(running.labels()).isEqualTo(config.labels());
    assertThat(running.annotations()).isEqualTo(config.annotations());
    assertThat(running.startedAt()).isPresent();
    assertThat(running.finishedAt()).isEmpty();
    assertThat(running.imageRef()).isNotEmpty();
    assertThat(running.image().image()).isEqualTo(IMAGE);
    assertThat(running.mounts())
        .extracting(Mount::containerPath, Mount::readonly)
        .contains(org.assertj.core.groups.Tuple.tuple("/mnt/tmp", true));

    runtime().stopContainer(id, Duration.ZERO);
    ContainerStatus ended = runtime().containerStatus(id);
    assertThat(ended.state()).isEqualTo(ContainerState.EXITED);
    assertThat(ended.exitCode()).isEqualTo(137);
    assertThat(ended.finishedAt()).isPresent();

    runtime().removeContainer(id);
    assertThatThrownBy(() -> runtime().containerStatus(id))
        .isInstanceOf(CriException.NotFound.class);
  }

  @Test
  void tellsTheExitCode() throws InterruptedException {
    SandboxId sandbox = runtime().runPodSandbox(sandbox("a", 0), "");
    ContainerId failed = runtime().createContainer(sandbox, ending(3), sandbox("a", 0));
    runtime().startContainer(failed);
    awaitState(failed, ContainerState.EXITED);

    assertThat(runtime().containerStatus(failed).exitCode()).isEqualTo(3);
    assertThat(runtime().containerStatus(failed).reason()).isEqualTo("Error");

    ContainerId done = runtime().createContainer(sandbox, ending(0), sandbox("a", 0));
    runtime().startContainer(done);
    awaitState(done, ContainerState.EXITED);
    assertThat(runtime().containerStatus(done).exitCode()).isZero();
    assertThat(runtime().containerStatus(done).reason()).isEqualTo("Completed");
  }

  @Test
  void startsAContainerOnlyOnce() throws InterruptedException {
    ContainerId id = started("a");

    assertThatThrownBy(() -> runtime().startContainer(id))
        .isInstanceOf(CriException.Rejected.class);
  }

  @Test
  void refusesASecondContainerWithTheSameNameAndAttempt() throws InterruptedException {
    SandboxId sandbox = runtime().runPodSandbox(sandbox("a", 0), "");
    runtime().createContainer(sandbox, running("main", 0), sandbox("a", 0));

    assertThatThrownBy(
            () -> runtime().createContainer(sandbox, running("main", 0), sandbox("a", 0)))
        .isInstanceOf(CriException.Rejected.class);
    assertThat(runtime().createContainer(sandbox, running("main", 1), sandbox("a", 0))).isNotNull();
  }

  @Test
  void knowsWhatDoesNotExist() throws InterruptedException {
    ContainerId none = new ContainerId("nothing");
    assertThatThrownBy(() -> runtime().containerStatus(none))
        .isInstanceOf(CriException.NotFound.class)
        .hasMessageContaining("ContainerStatus nothing");
    assertThatThrownBy(() -> runtime().startContainer(none))
        .isInstanceOf(CriException.NotFound.class);
    assertThatThrownBy(
            () ->
                runtime()
                    .createContainer(new SandboxId("nothing"), running("main", 0), sandbox("a", 0)))
        .isInstanceOf(CriException.NotFound.class);
    runtime().stopContainer(none, Duration.ofSeconds(1));
    runtime().removeContainer(none);
  }

  @Test
  void refusesAContainerOfAnImageThatIsNotHere() throws InterruptedException {
    SandboxId sandbox = runtime().runPodSandbox(sandbox("a", 0), "");
    ContainerConfig config =
        ContainerConfig.builder(
                new ContainerMetadata("main", 0), ImageSpec.of("docker.io/library/missing:1"))
            .build();

    assertThatThrownBy(() -> runtime().createContainer(sandbox, config, sandbox("a", 0)))
        .isInstanceOf(CriException.NotFound.class);
  }

  @Test
  void takesContainersAwayWithTheirSandbox() throws InterruptedException {
    ContainerId id = started("a");
    SandboxId sandbox = runtime().listPodSandboxes(SandboxFilter.ALL).getFirst().id();

    runtime().stopPodSandbox(sandbox);
    awaitState(id, ContainerState.EXITED);
    runtime().removePodSandbox(sandbox);

    assertThat(runtime().listContainers(ContainerFilter.ALL)).isEmpty();
  }

  @Test
  void listsOnlyContainersThatMatchTheFilter() throws InterruptedException {
    ContainerId a = started("a");
    SandboxId other = runtime().runPodSandbox(sandbox("b", 0), "");
    ContainerId b = runtime().createContainer(other, running("second", 0), sandbox("b", 0));

    assertThat(runtime().listContainers(ContainerFilter.ALL))
        .extracting(Container::id)
        .containsExactlyInAnyOrder(a, b);
    assertThat(runtime().listContainers(ContainerFilter.of(other)))
        .extracting(Container::id)
        .containsExactly(b);
    assertThat(runtime().listContainers(ContainerFilter.labelled(Map.of("name", "main"))))
        .extracting(Container::id)
        .containsExactly(a);
    ContainerFilter created =
        new ContainerFilter(
            Optional.empty(), Optional.empty(), Optional.of(ContainerState.CREATED), Map.of());
    assertThat(runtime().listContainers(created)).extracting(Container::id).containsExactly(b);
  }

  @Test
  void runsACommandInAContainer() throws InterruptedException {
    ContainerId id = started("a");

    ExecResult result =
        runtime()
            .execSync(
                id, List.of("sh", "-c", "echo out; echo err >&2; exit 5"), Duration.ofSeconds(10));

    assertThat(result).isEqualTo(new ExecResult("out\n", "err\n", 5));
  }

  @Test
  void runsNoCommandInAContainerThatHasEnded() throws InterruptedException {
    ContainerId id = started("a");
    runtime().stopContainer(id, Duration.ZERO);

    assertThatThrownBy(() -> runtime().execSync(id, List.of("true"), Duration.ofSeconds(5)))
        .isInstanceOf(CriException.Rejected.class);
    assertThatThrownBy(
            () -> runtime().exec(id, List.of("true"), new StdStreams(false, true, false, false)))
        .isInstanceOf(CriException.Rejected.class);
  }

  @Test
  void handsOutTheStreamingServersAddress() throws InterruptedException {
    ContainerId id = started("a");
    StdStreams streams = new StdStreams(true, true, true, false);

    assertThat(runtime().exec(id, List.of("sh"), streams)).hasScheme("http");
    assertThat(runtime().attach(id, streams)).hasScheme("http");
    SandboxId sandbox = runtime().listPodSandboxes(SandboxFilter.ALL).getFirst().id();
    assertThat(runtime().portForward(sandbox, List.of())).hasScheme("http");
  }

  @Test
  void tellsWhatContainersTake() throws InterruptedException {
    ContainerId id = started("a");

    ContainerStats stats = runtime().containerStats(id);
    assertThat(stats.id()).isEqualTo(id);
    assertThat(stats.metadata().name()).isEqualTo("main");
    assertThat(stats.cpu()).isPresent();
    assertThat(stats.memory()).isPresent();
    assertThat(runtime().listContainerStats(ContainerFilter.ALL))
        .extracting(ContainerStats::id)
        .containsExactly(id);
  }

  @Test
  void leavesTheCallWhenItsThreadIsInterrupted() throws Exception {
    ContainerId id = started("a");
    ignoreTerm(id);
    FutureTask<Instant> stopped =
        new FutureTask<>(
            () -> {
              try {
                runtime().stopContainer(id, Duration.ofSeconds(100));
                throw new AssertionError("it stopped");
              } catch (InterruptedException e) {
                return Instant.now();
              }
            });
    Thread caller = Thread.ofVirtual().start(stopped);
    Instant asked = Instant.now();
    caller.interrupt();

    assertThat(stopped.get()).isBefore(asked.plus(PATIENCE));
  }

  @Test
  void knowsWhichImagesAreHere() throws InterruptedException {
    Optional<Image> image = images().imageStatus(ImageSpec.of(IMAGE));
    assertThat(image).isPresent();
    assertThat(image.orElseThrow().repoTags()).contains(IMAGE);
    assertThat(image.orElseThrow().sizeBytes()).isPositive();
    assertThat(images().imageStatus(ImageSpec.of("busybox:1"))).isPresent();
    assertThat(images().imageStatus(ImageSpec.of(image.orElseThrow().id()))).isPresent();
    assertThat(images().imageStatus(ImageSpec.of("docker.io/library/missing:1"))).isEmpty();
    assertThat(images().listImages()).extracting(Image::id).contains(image.orElseThrow().id());
    images().removeImage(ImageSpec.of("docker.io/library/missing:1"));
  }

  // --- what the tests are made of ---

  protected ContainerConfig running(String name, int attempt) {
    return ContainerConfig.builder(new ContainerMetadata(name, attempt), ImageSpec.of(IMAGE))
        .command(List.of("sleep", "1000"))
        .envs(List.of(new EnvVar("WHO", "me")))
        .mounts(List.of(Mount.bind("/mnt/tmp", "/tmp", true)))
        .labels(Map.of("name", name))
        .annotations(Map.of("note", "ä"))
        .build();
  }

  protected ContainerId started(String pod) throws InterruptedException {
    SandboxId sandbox = runtime().runPodSandbox(sandbox(pod, 0), "");
    ContainerId id = runtime().createContainer(sandbox, running("main", 0), sandbox(pod, 0));
    runtime().startContainer(id);
    return id;
  }

  /** On the host's network, so that no network plugin is needed. */
  private PodSandboxConfig sandbox(String name, int attempt) {
    NamespaceOptions namespaces =
        new NamespaceOptions(NamespaceMode.NODE, NamespaceMode.CONTAINER, NamespaceMode.POD);
    return new PodSandboxConfig(
        new PodSandboxMetadata(name, "test", uid, attempt),
        "",
        "",
        Optional.empty(),
        List.of(),
        Map.of("pod", name),
        Map.of("note", "ö"),
        new LinuxSandboxConfig(
            "",
            SandboxSecurityContext.DEFAULT.withNamespaces(namespaces),
            Map.of(),
            Optional.empty(),
            Optional.empty()));
  }

  private void awaitState(ContainerId id, ContainerState state) throws InterruptedException {
    Instant deadline = Instant.now().plus(PATIENCE);
    while (runtime().containerStatus(id).state() != state) {
      assertThat(Instant.now()).as(id + " becomes " + state).isBefore(deadline);
      Thread.onSpinWait();
    }
  }
}
