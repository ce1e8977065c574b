package org.k3sjvm.cri.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerMetadata;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ContainerRuntimeContract;
import org.k3sjvm.cri.CriException;
import org.k3sjvm.cri.ImageService;
import org.k3sjvm.cri.ImageSpec;

/** The contract on real containerd, and what only a real connection shows. */
class GrpcContainerRuntimeIT extends ContainerRuntimeContract {
  private static PrivateContainerd containerd;
  private static CriChannel channel;
  private static GrpcContainerRuntime runtime;
  private static GrpcImageService images;

  @BeforeAll
  static void startContainerd() throws Exception {
    containerd = PrivateContainerd.start();
    channel = CriChannel.open(containerd.endpoint());
    runtime = new GrpcContainerRuntime(channel, CriTimeouts.DEFAULT);
    images = new GrpcImageService(channel, CriTimeouts.DEFAULT);
    awaitVersion();
  }

  @AfterAll
  static void stopContainerd() throws IOException {
    channel.close();
    containerd.close();
  }

  @Override
  protected ContainerRuntime runtime() {
    return runtime;
  }

  @Override
  protected ImageService images() {
    return images;
  }

  @Override
  protected ContainerConfig ending(int exitCode) {
    return ContainerConfig.builder(
            new ContainerMetadata("ends-" + exitCode, 0), ImageSpec.of(IMAGE))
        .command(List.of("sh", "-c", "exit " + exitCode))
        .build();
  }

  /** The kernel spares a namespace's first process signals that it has no handler for. */
  @Override
  protected void ignoreTerm(ContainerId container) {}

  @Test
  void findsTheRuntimeAgainAfterItWasKilled() throws Exception {
    containerd.kill();
    assertThatThrownBy(() -> awaitFailure()).isInstanceOf(CriException.Unavailable.class);

    containerd.startAgain();
    Instant begun = Instant.now();
    awaitVersion();
    assertThat(Duration.between(begun, Instant.now())).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void tellsOldRuntimesFromNewOnes() throws InterruptedException {
    if (runtime.version().version().startsWith("1.")) {
      assertThatThrownBy(runtime::cgroupDriver).isInstanceOf(CriException.Unimplemented.class);
    } else {
      assertThat(runtime.cgroupDriver()).isNotNull();
    }
  }

  @Test
  void killsACommandThatTakesTooLong() throws InterruptedException {
    ContainerId id = started("a");
    assertThatThrownBy(() -> runtime.execSync(id, List.of("sleep", "100"), Duration.ofSeconds(1)))
        .isInstanceOf(CriException.DeadlineExceeded.class);
  }

  @Test
  void tellsWhereImagesLie() throws InterruptedException {
    assertThat(images.imageFsInfo().imageFilesystems()).isNotEmpty();
    assertThat(images.listImages()).hasSize(2);
  }

  private static void awaitFailure() throws InterruptedException {
    Instant deadline = Instant.now().plusSeconds(20);
    while (Instant.now().isBefore(deadline)) {
      runtime.version();
    }
  }

  private static void awaitVersion() throws InterruptedException {
    Instant deadline = Instant.now().plusSeconds(30);
    while (true) {
      try {
        runtime.version();
        return;
      } catch (CriException.Unavailable | CriException.Unimplemented e) {
        // containerd opens the socket before its CRI plugin has loaded
        assertThat(Instant.now()).as(e.getMessage()).isBefore(deadline);
      }
    }
  }
}
