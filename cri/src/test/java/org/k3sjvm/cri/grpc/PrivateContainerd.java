package org.k3sjvm.cri.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.k3sjvm.cri.testing.Scratch;
import org.k3sjvm.cri.testing.TestImages;

/** The host's containerd with directories of the test's own. */
final class PrivateContainerd implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Scratch scratch;
  private Process process;

  private PrivateContainerd(Scratch scratch, Process process) {
    this.scratch = scratch;
    this.process = process;
  }

  static PrivateContainerd start() throws IOException, InterruptedException {
    Scratch scratch = Scratch.create("cri");
    Path home = scratch.path();
    Files.writeString(
        home.resolve("config.toml"),
        """
        version = 2
        root = "%1$s/root"
        state = "%1$s/state"
        [grpc]
          address = "%1$s/c.sock"
        [ttrpc]
          address = "%1$s/c.sock.ttrpc"
        [plugins."io.containerd.internal.v1.opt"]
          path = "%1$s/opt"
        [plugins."io.containerd.grpc.v1.cri"]
          restrict_oom_score_adj = true
          sandbox_image = "%2$s"
          [plugins."io.containerd.grpc.v1.cri".cni]
            conf_dir = "%1$s/cni"
        """
            .formatted(home, TestImages.PAUSE));
    PrivateContainerd started = new PrivateContainerd(scratch, launch(home));
    started.importImages();
    return started;
  }

  CriEndpoint endpoint() {
    return new CriEndpoint(scratch.path().resolve("c.sock"));
  }

  void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor();
  }

  void startAgain() throws IOException {
    process = launch(scratch.path());
  }

  @Override
  public void close() throws IOException {
    scratch.close();
  }

  private static Process launch(Path home) throws IOException {
    return new ProcessBuilder("containerd", "-c", home.resolve("config.toml").toString())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(home.resolve("log").toFile()))
        .start();
  }

  private void importImages() throws IOException, InterruptedException {
    Path busybox = scratch.path().resolve("busybox.tar");
    Path pause = scratch.path().resolve("pause.tar");
    TestImages.writeBusybox(busybox);
    TestImages.writePause(pause);
    Instant deadline = Instant.now().plus(PATIENCE);
    while (ctr(List.of("version")) != 0) {
      assertThat(Instant.now())
          .as(Files.readString(scratch.path().resolve("log")))
          .isBefore(deadline);
    }
    assertThat(ctr(List.of("-n", "k8s.io", "images", "import", busybox.toString()))).isZero();
    assertThat(ctr(List.of("-n", "k8s.io", "images", "import", pause.toString()))).isZero();
  }

  private int ctr(List<String> arguments) throws IOException, InterruptedException {
    List<String> command =
        new java.util.ArrayList<>(List.of("ctr", "-a", endpoint().socket().toString()));
    command.addAll(arguments);
    Process ctr =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(scratch.path().resolve("ctr.log").toFile())
            .start();
    assertThat(ctr.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return ctr.exitValue();
  }
}
