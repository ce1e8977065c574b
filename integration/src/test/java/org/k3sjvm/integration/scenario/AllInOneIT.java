package org.k3sjvm.integration.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.cri.testing.TestImages;
import org.k3sjvm.integration.lab.Await;
import org.k3sjvm.integration.lab.Host;
import org.k3sjvm.integration.lab.HostProcess;
import org.k3sjvm.integration.lab.K3s;
import org.k3sjvm.integration.lab.Kubectl;
import org.k3sjvm.integration.lab.Lan;

/** One command on one host. */
@Timeout(300)
class AllInOneIT {
  @Test
  void aServerAloneRunsAPodAndAdoptsItWhenStartedAgain() throws IOException, InterruptedException {
    try (Lan lan = Lan.create("alone")) {
      Host host = lan.host("alone");
      Path images = Files.createDirectories(host.path(Node.DATA + "/agent/images"));
      TestImages.writeBusybox(images.resolve("busybox.tar"));
      TestImages.writePause(images.resolve("pause.tar"));
      String[] command = {K3s.ours().toString(), "server", "--pause-image", Cluster.PAUSE};

      HostProcess server = host.start("k3s-1", command);
      server.awaitLog(Node.UP, Cluster.PATIENCE);
      Kubectl kubectl = new Kubectl(host, Path.of("/etc/rancher/k3s/k3s.yaml"));
      kubectl.text("wait", "--for=condition=Ready", "node/alone", "--timeout=90s");
      Await.until(
          "the default service account is there",
          Cluster.PATIENCE,
          () -> kubectl.run("get", "serviceaccount", "default").succeeded());
      kubectl.apply(Yaml.pod("web", "echo here; exec sleep 100000"));
      kubectl.text("wait", "--for=condition=Ready", "pod/web", "--timeout=90s");
      assertThat(kubectl.text("logs", "web")).isEqualTo("here");
      assertThat(kubectl.text("exec", "web", "--", "hostname")).isEqualTo("web");
      String id = containerId(kubectl);

      assertThat(server.stop()).isZero();
      HostProcess again = host.start("k3s-2", command);
      again.awaitLog(Node.UP, Cluster.PATIENCE);
      assertThat(kubectl.text("exec", "web", "--", "hostname")).isEqualTo("web");
      assertThat(containerId(kubectl)).isEqualTo(id);
      kubectl.text("delete", "pod", "web", "--timeout=60s");
    }
  }

  private static String containerId(Kubectl kubectl) throws InterruptedException {
    return kubectl.text(
        "get", "pod", "web", "-o", "jsonpath={.status.containerStatuses[0].containerID}");
  }
}
