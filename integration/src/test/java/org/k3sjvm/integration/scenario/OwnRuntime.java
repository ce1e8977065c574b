package org.k3sjvm.integration.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.Host;

/** A containerd that lives on a host beside the agent and survives it. */
final class OwnRuntime {
  private OwnRuntime() {}

  /** Starts it with the images; returns its socket, seen under the same path by all. */
  static Path start(Host host, Path images) throws IOException, InterruptedException {
    Path home = Files.createDirectory(host.home().resolve("containerd"));
    Path socket = home.resolve("c.sock");
    Path config = home.resolve("config.toml");
    Files.writeString(
        config,
        """
        version = 2
        root = "HOME/root"
        state = "HOME/state"
        [grpc]
          address = "SOCKET"
        [ttrpc]
          address = "SOCKET.ttrpc"
        [plugins."io.containerd.internal.v1.opt"]
          path = "HOME/opt"
        [plugins."io.containerd.grpc.v1.cri"]
          restrict_oom_score_adj = true
          sandbox_image = "PAUSE"
          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "/usr/lib/cni"
            conf_dir = "DATA/agent/etc/cni/net.d"
        """
            .replace("SOCKET", socket.toString())
            .replace("HOME", home.toString())
            .replace("PAUSE", Cluster.PAUSE)
            .replace("DATA", Node.DATA));
    host.start("containerd", "containerd", "-c", config.toString());
    Await.until(
        "containerd answers",
        Cluster.PATIENCE,
        () -> host.run("ctr", "-a", socket.toString(), "version").succeeded());
    for (String image : List.of("busybox.tar", "pause.tar")) {
      host.run(
              "ctr",
              "-a",
              socket.toString(),
              "-n",
              "k8s.io",
              "images",
              "import",
              images.resolve(image).toString())
          .text();
    }
    return socket;
  }
}
