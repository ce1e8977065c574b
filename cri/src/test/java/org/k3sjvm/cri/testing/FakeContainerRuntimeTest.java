package org.k3sjvm.cri.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerEvent;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerMetadata;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.LinuxSandboxConfig;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.PodSandboxMetadata;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.cri.SandboxState;

class FakeContainerRuntimeTest {
  private final ManualTime time = new ManualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final FakeContainerRuntime runtime = new FakeContainerRuntime(time, time);
  private final PodSandboxConfig pod =
      new PodSandboxConfig(
          new PodSandboxMetadata("p", "default", "u", 0),
          "p",
          "/var/log/pods/p",
          Optional.empty(),
          List.of(),
          Map.of(),
          Map.of(),
          LinuxSandboxConfig.DEFAULT);

  @BeforeEach
  void addImage() {
    runtime.images().add("busybox");
  }

  @Test
  void failsOnceWhenTold() throws InterruptedException {
    runtime.failNext(
        "RunPodSandbox", new CriException.Rejected("RunPodSandbox", "p", "no", true, null));

    assertThatThrownBy(() -> runtime.runPodSandbox(pod, ""))
        .isInstanceOf(CriException.Rejected.class);
    assertThat(runtime.runPodSandbox(pod, "")).isNotNull();
  }

  @Test
  void isAwayUntilItIsBack() throws InterruptedException {
    runtime.setAway(true);
    assertThatThrownBy(runtime::version).isInstanceOf(CriException.Unavailable.class);
    runtime.setAway(false);
    assertThat(runtime.version().name()).isEqualTo("fake");
  }

  @Test
  void holdsACallBeforeItsEffect() throws InterruptedException {
    Hold hold = runtime.holdNext("StartContainer");
    ContainerId id = runtime.createContainer(runtime.runPodSandbox(pod, ""), container(), pod);
    Thread starter = Thread.ofVirtual().start(() -> start(id));
    hold.awaitCall();
    assertThat(runtime.containerStatus(id).state()).isEqualTo(ContainerState.CREATED);

    hold.release();
    starter.join();
    assertThat(runtime.containerStatus(id).state()).isEqualTo(ContainerState.RUNNING);
  }

  @Test
  void givesPodsOnTheirOwnNetworkAnAddressWhileTheyAreReady() throws InterruptedException {
    SandboxId id = runtime.runPodSandbox(pod, "");
    assertThat(runtime.podSandboxStatus(id).ips()).hasSize(1);

    runtime.killSandbox(id);
    assertThat(runtime.podSandboxStatus(id).state()).isEqualTo(SandboxState.NOT_READY);
    assertThat(runtime.podSandboxStatus(id).ips()).isEmpty();
  }

  @Test
  void killsAStubbornContainerWhenItsGraceIsOver() throws InterruptedException {
    ContainerId id = runtime.createContainer(runtime.runPodSandbox(pod, ""), container(), pod);
    runtime.startContainer(id);
    runtime.ignoreTerm(id);
    Thread stopper = Thread.ofVirtual().start(() -> stop(id));
    time.awaitSleepers(1);
    assertThat(runtime.containerStatus(id).state()).isEqualTo(ContainerState.RUNNING);

    time.advance(Duration.ofSeconds(30));
    stopper.join();
    assertThat(runtime.containerStatus(id).exitCode()).isEqualTo(137);
    assertThat(runtime.containerStatus(id).finishedAt()).contains(time.instant());
  }

  @Test
  void pullsOnlyWhatTheRegistryHas() throws InterruptedException {
    runtime.images().offer("registry.example/app:2");
    ImageSpec app = ImageSpec.of("registry.example/app:2");
    assertThat(runtime.images().imageStatus(app)).isEmpty();

    String ref = runtime.images().pullImage(app, Optional.empty(), Optional.of(pod));

    assertThat(runtime.images().imageStatus(ImageSpec.of(ref))).isPresent();
    assertThatThrownBy(
            () ->
                runtime
                    .images()
                    .pullImage(ImageSpec.of("missing"), Optional.empty(), Optional.empty()))
        .isInstanceOf(CriException.NotFound.class);
  }

  @Test
  void tellsEventsInOrder() throws InterruptedException {
    BlockingQueue<ContainerEvent> seen = new LinkedBlockingQueue<>();
    Hold listening = runtime.holdNext("GetContainerEvents");
    Thread listener = Thread.ofVirtual().start(() -> listen(seen));
    listening.awaitCall();
    listening.release();
    SandboxId sandbox = null;
    int attempt = 0;
    while (seen.isEmpty()) { // until the listener has got its place
      sandbox = runtime.runPodSandbox(attempt(attempt++), "");
    }
    ContainerId id =
        runtime.createContainer(java.util.Objects.requireNonNull(sandbox), container(), pod);
    runtime.startContainer(id);
    runtime.exit(id, 1);

    List<ContainerEvent.Type> types = new java.util.ArrayList<>();
    while (!types.contains(ContainerEvent.Type.STOPPED)) {
      ContainerEvent event = seen.take();
      if (event.id().equals(id.value())) {
        types.add(event.type());
      }
    }
    listener.interrupt();
    listener.join();
    assertThat(types)
        .containsExactly(
            ContainerEvent.Type.CREATED, ContainerEvent.Type.STARTED, ContainerEvent.Type.STOPPED);
  }

  private PodSandboxConfig attempt(int attempt) {
    return new PodSandboxConfig(
        new PodSandboxMetadata("p", "default", "u", attempt),
        "p",
        "",
        Optional.empty(),
        List.of(),
        Map.of(),
        Map.of(),
        LinuxSandboxConfig.DEFAULT);
  }

  private static ContainerConfig container() {
    return ContainerConfig.builder(new ContainerMetadata("c", 0), ImageSpec.of("busybox")).build();
  }

  private void listen(BlockingQueue<ContainerEvent> seen) {
    try {
      runtime.containerEvents(seen::add);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void start(ContainerId id) {
    try {
      runtime.startContainer(id);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void stop(ContainerId id) {
    try {
      runtime.stopContainer(id, Duration.ofSeconds(30));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
