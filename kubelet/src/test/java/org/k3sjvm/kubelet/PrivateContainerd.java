package org.k3sjvm.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.k3sjvm.cri.testing.Scratch;
import org.k3sjvm.cri.testing.TestImages;

/** The host's containerd with directories and a network of the test's own. */
final class PrivateContainerd implements AutoCloseable {
  private final Scratch scratch;

  private PrivateContainerd(Scratch scratch) {
    this.scratch = scratch;
  }

  /** Its network is a namespace that ends with it. */
  static PrivateContainerd start() throws IOException, InterruptedException {
    return start("unshare", "--net", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\"");
  }

  /** For pods on the host's network only; it reaches what listens on the loopback device. */
  static PrivateContainerd startOnHostNetwork() throws IOException, InterruptedException {
    return start(new String[0]);
  }

  private static PrivateContainerd start(String... before)
      throws IOException, InterruptedException {
    Scratch scratch = Scratch.create("pods");
    Path home = scratch.path();
    Files.createDirectories(home.resolve("cni"));
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
            bin_dir = "/usr/lib/cni"
            conf_dir = "%1$s/cni"
        """
            .formatted(home, TestImages.PAUSE));
    Files.writeString(
        home.resolve("cni/10-test.conflist"),
        """
        {"cniVersion": "0.4.0", "name": "%2$s", "plugins": [
          {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false,
           "ipam": {"type": "host-local", "dataDir": "%1$s/ipam",
                    "ranges": [[{"subnet": "10.231.0.0/16"}]]}}]}
        """
            .formatted(home, home.getFileName()));
    PrivateContainerd started = new PrivateContainerd(scratch);
    started.launch(before);
    started.importImages();
    return started;
  }

  Path home() {
    return scratch.path();
  }

  Path socket() {
    return home().resolve("c.sock");
  }

  private void launch(String... before) throws IOException {
    List<String> command = new ArrayList<>(List.of(before));
    command.addAll(List.of("containerd", "-c", home().resolve("config.toml").toString()));
    new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(home().resolve("log").toFile())
        .start();
  }

  private void importImages() throws IOException, InterruptedException {
    Path busybox = home().resolve("busybox.tar");
    Path pause = home().resolve("pause.tar");
    TestImages.writeBusybox(busybox);
    TestImages.writePause(pause);
    Eventually.holds(
        Duration.ofSeconds(30), () -> Files.exists(socket()), () -> "containerd does not come up");
    assertThat(ctr(List.of("-n", "k8s.io", "images", "import", busybox.toString()))).isZero();
    assertThat(ctr(List.of("-n", "k8s.io", "images", "import", pause.toString()))).isZero();
  }

  private int ctr(List<String> arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ctr", "-a", socket().toString()));
    command.addAll(arguments);
    Process ctr =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(home().resolve("ctr.log").toFile())
            .start();
    assertThat(ctr.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return ctr.exitValue();
  }

  @Override
  public void close() throws IOException {
    scratch.close();
  }
}
