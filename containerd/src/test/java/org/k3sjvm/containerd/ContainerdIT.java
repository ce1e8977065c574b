package org.k3sjvm.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.containerd.image.ImagePreload;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerMetadata;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.ContainerStatus;
import org.k3sjvm.cri.Image;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.LinuxSandboxConfig;
import org.k3sjvm.cri.NamespaceMode;
import org.k3sjvm.cri.NamespaceOptions;
import org.k3sjvm.cri.PodSandbox;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.PodSandboxMetadata;
import org.k3sjvm.cri.RuntimeStatus;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.cri.SandboxSecurityContext;
import org.k3sjvm.cri.grpc.CriChannel;
import org.k3sjvm.cri.grpc.CriTimeouts;
import org.k3sjvm.cri.grpc.GrpcContainerRuntime;
import org.k3sjvm.cri.grpc.GrpcImageService;
import org.k3sjvm.cri.testing.Scratch;
import org.k3sjvm.cri.testing.TestImages;

/** The host's own containerd under our supervision. */
class ContainerdIT {
  private Scratch scratch;
  private ContainerdConfig config;
  private Containerd containerd;
  private CriChannel channel;
  private GrpcContainerRuntime runtime;
  private GrpcImageService images;

  @BeforeEach
  void prepare() throws Exception {
    scratch = Scratch.create("ctd");
    config =
        ContainerdConfig.defaults(scratch.path().resolve("data"), TestImages.PAUSE)
            .withStateDir(scratch.path().resolve("run"))
            .withStreamPort(0);
    Files.createDirectories(config.imagesDir());
    TestImages.writePause(config.imagesDir().resolve("pause.tar"));
    TestImages.writeBusybox(config.imagesDir().resolve("busybox.tar"));
    containerd = Containerd.prepare(config);
    channel = CriChannel.open(containerd.endpoint());
    runtime = new GrpcContainerRuntime(channel, CriTimeouts.DEFAULT);
    images = new GrpcImageService(channel, CriTimeouts.DEFAULT);
  }

  @AfterEach
  void leaveNothing() throws IOException {
    channel.close();
    scratch.close();
  }

  @Test
  void keepsContainersRunningWhileContainerdDiesAndStops() throws Exception {
    ContainerId id;
    ContainerStatus before;
    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start("containerd", containerd);
      ready();
      ImagePreload.of(containerd, images, List.of()).importAll();
      id = startContainer();
      before = runtime.containerStatus(id);
      assertThat(before.state()).isEqualTo(ContainerState.RUNNING);

      ProcessHandle first = process().orElseThrow();
      first.destroyForcibly();
      first.onExit().join();
      awaitAnother(first);
      ready();
      assertThat(runtime.containerStatus(id)).isEqualTo(before);
    }
    assertThat(process()).isEmpty();

    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start("containerd", Containerd.prepare(config));
      ready();
      assertThat(runtime.containerStatus(id)).isEqualTo(before);
      assertThat(runtime.listContainers(ContainerFilter.ALL))
          .extracting(Container::id)
          .containsExactly(id);
      removeEverything();
    }
    assertThat(Files.readString(config.log())).contains("containerd successfully booted");
  }

  @Test
  void replacesAContainerdThatAnAgentLeftBehind() throws Exception {
    Process left =
        new ProcessBuilder("containerd", "-c", config.configFile().toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    new Leftover(config.configFile(), config.stateDir().resolve("containerd.pid"))
        .remember(left.pid());
    ready();
    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start("containerd", containerd);
      assertThat(left.waitFor(20, TimeUnit.SECONDS)).isTrue();
      awaitAnother(left.toHandle());
      ready();
    }
  }

  @Test
  void importsImagesAndPassesOverBadFiles() throws Exception {
    Files.writeString(config.imagesDir().resolve("bad.tar"), "this is no archive");
    Files.writeString(config.imagesDir().resolve("notes.md"), "this is not looked at");
    Path plain = config.imagesDir().resolve("more.tar");
    TestImages.writeBusybox(plain, "docker.io/library/more:1");
    Process gzip = new ProcessBuilder("gzip", plain.toString()).inheritIO().start();
    assertThat(gzip.waitFor()).isZero();
    Path more = config.imagesDir().resolve("more.tar.gz");
    Path cache = Files.createFile(config.imagesDir().resolve(".cache.json"));

    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start("containerd", containerd);
      ready();
      ImagePreload.of(containerd, images, List.of("mirror.example")).importAll();

      assertThat(images.listImages())
          .flatExtracting(Image::repoTags)
          .contains(TestImages.BUSYBOX, TestImages.PAUSE, "docker.io/library/more:1")
          .contains("mirror.example/library/more:1");
      assertThat(images.listImages())
          .flatExtracting(Image::repoDigests)
          .anyMatch(name -> name.startsWith("mirror.example/library/more@sha256:"));
      assertThat(Files.readString(cache)).contains(TestImages.BUSYBOX, "docker.io/library/more:1");

      images.removeImage(ImageSpec.of("docker.io/library/more:1"));
      ImagePreload.of(containerd, images, List.of()).importAll();
      assertThat(images.imageStatus(ImageSpec.of("docker.io/library/more:1"))).isEmpty();
      Files.setLastModifiedTime(more, FileTime.from(Instant.now()));
      ImagePreload.of(containerd, images, List.of()).importAll();
      assertThat(images.imageStatus(ImageSpec.of("docker.io/library/more:1"))).isPresent();
    }
  }

  @Test
  void isReadyWithoutANetworkUntilOneIsConfigured() throws Exception {
    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start("containerd", containerd);
      ready();

      assertThat(runtime.status().is(RuntimeStatus.RUNTIME_READY)).isTrue();
      assertThat(runtime.status().is(RuntimeStatus.NETWORK_READY)).isFalse();
    }
  }

  private void ready() throws InterruptedException {
    new CriReady(InstantSource.system(), Sleeper.SYSTEM).await(runtime);
  }

  private ContainerId startContainer() throws InterruptedException {
    NamespaceOptions host =
        new NamespaceOptions(NamespaceMode.NODE, NamespaceMode.CONTAINER, NamespaceMode.POD);
    PodSandboxConfig pod =
        new PodSandboxConfig(
            new PodSandboxMetadata("p", "test", "u", 0),
            "",
            "",
            Optional.empty(),
            List.of(),
            Map.of(),
            Map.of(),
            new LinuxSandboxConfig(
                "",
                SandboxSecurityContext.DEFAULT.withNamespaces(host),
                Map.of(),
                Optional.empty(),
                Optional.empty()));
    SandboxId sandbox = runtime.runPodSandbox(pod, "");
    ContainerConfig sleeping =
        ContainerConfig.builder(new ContainerMetadata("c", 0), ImageSpec.of(TestImages.BUSYBOX))
            .command(List.of("sleep", "1000"))
            .build();
    ContainerId id = runtime.createContainer(sandbox, sleeping, pod);
    runtime.startContainer(id);
    return id;
  }

  private void removeEverything() throws InterruptedException {
    for (PodSandbox sandbox : runtime.listPodSandboxes(SandboxFilter.ALL)) {
      runtime.stopPodSandbox(sandbox.id());
      runtime.removePodSandbox(sandbox.id());
    }
  }

  /** The one that is noted, as some builds of containerd hide their arguments. */
  private Optional<ProcessHandle> process() throws IOException {
    Path note = config.stateDir().resolve("containerd.pid");
    return Files.exists(note)
        ? ProcessHandle.of(Long.parseLong(Files.readString(note).split(" ", -1)[0]))
        : Optional.empty();
  }

  private void awaitAnother(ProcessHandle first) throws IOException {
    Duration patience = Duration.ofSeconds(20);
    long deadline = System.nanoTime() + patience.toNanos();
    while (process().map(first::equals).orElse(true)) {
      assertThat(System.nanoTime()).as("another containerd").isLessThan(deadline);
      Thread.onSpinWait();
    }
  }
}
