package org.k3sjvm.integration.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.k3sjvm.integration.lab.Host;
import org.k3sjvm.integration.lab.K3s;
import org.k3sjvm.integration.lab.LabException;

/** Upstream's agent, of the program that {@code K3S_BIN} names, on a host with a containerd. */
final class GoNode {
  private GoNode() {}

  /** Starts both; {@link Node#awaitReady} tells when its Node is there. */
  static void startUp(Cluster cluster, Host host) throws InterruptedException {
    Path program = K3s.upstream().orElseThrow(() -> new LabException("K3S_BIN names no program"));
    try {
      Path socket = OwnRuntime.start(host, cluster.images());
      List<String> command = new ArrayList<>(ServerKind.WITH_PLUGINS);
      command.addAll(
          List.of(
              program.toString(),
              "agent",
              "--server",
              cluster.serverUrl(),
              "--token",
              Cluster.TOKEN,
              "--pause-image",
              Cluster.PAUSE,
              "--container-runtime-endpoint",
              "unix://" + socket));
      if (!Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"))) {
        command.add("--kubelet-arg=fail-cgroupv1=false");
      }
      host.start("go-agent", command.toArray(String[]::new));
    } catch (IOException e) {
      throw new LabException("cannot start containerd on " + host, e);
    }
  }
}
