package org.k3sjvm.integration.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.containerd.ContainerdConfig;
import org.k3sjvm.containerd.CriReady;
import org.k3sjvm.containerd.config.ConfigToml;
import org.k3sjvm.containerd.config.HostFacts;
import org.k3sjvm.containerd.config.Schema;
import org.k3sjvm.cri.Container;
import org.k3sjvm.cri.ContainerConfig;
import org.k3sjvm.cri.ContainerFilter;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerMetadata;
import org.k3sjvm.cri.ContainerRuntime;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.LinuxSandboxConfig;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.PodSandboxMetadata;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.cri.SandboxSecurityContext;
import org.k3sjvm.cri.grpc.CriChannel;
import org.k3sjvm.cri.grpc.CriEndpoint;
import org.k3sjvm.cri.grpc.CriTimeouts;
import org.k3sjvm.cri.grpc.GrpcContainerRuntime;
import org.k3sjvm.cri.testing.TestImages;

/** Two hosts run pods side by side, each under the paths that an agent uses. */
class ContainerdOnHostsIT {
  private static final Path DATA = Path.of("/var/lib/rancher/k3s");
  private static final ContainerdConfig CONFIG = ContainerdConfig.defaults(DATA, TestImages.PAUSE);
  private static final HostFacts FACTS =
      new HostFacts(
          false,
          false,
          true,
          Optional.of(Path.of("/usr/lib/cni")),
          List.of(),
          Optional.empty(),
          Optional.empty());

  @Test
  void hostsRunPodsWithoutSeeingEachOthers() throws Exception {
    try (Lan lan = Lan.create("ctd")) {
      Host a = lan.host("a");
      Host b = lan.host("b");
      startContainerd(a);
      startContainerd(b);
      try (CriChannel toA = CriChannel.open(endpoint(a));
          CriChannel toB = CriChannel.open(endpoint(b))) {
        ContainerRuntime onA = new GrpcContainerRuntime(toA, CriTimeouts.DEFAULT);
        ContainerRuntime onB = new GrpcContainerRuntime(toB, CriTimeouts.DEFAULT);
        importImages(a, onA);
        importImages(b, onB);

        ContainerId first = startPod(onA, "/kubepods/pod-a");
        ContainerId second = startPod(onB, "/kubepods/pod-b");

        assertThat(onA.listContainers(ContainerFilter.ALL))
            .extracting(Container::id)
            .containsExactly(first);
        assertThat(onB.listContainers(ContainerFilter.ALL))
            .extracting(Container::id)
            .containsExactly(second);
        assertThat(onA.execSync(first, List.of("hostname"), Duration.ofSeconds(10)).stdout())
            .isEqualTo("web\n");
        SandboxId sandbox = onA.listPodSandboxes(SandboxFilter.ALL).getFirst().id();
        String address = onA.podSandboxStatus(sandbox).ips().getFirst();
        assertThat(address).startsWith("10.42.0.");
        assertThat(a.run("busybox", "ping", "-c1", "-W5", address).succeeded()).isTrue();
        assertThat(a.sh("find /sys/fs/cgroup -type d -name pod-a").text()).isNotEmpty();
        assertThat(b.sh("find /sys/fs/cgroup -type d -name pod-a").text()).isEmpty();
      }
    }
  }

  private static CriEndpoint endpoint(Host host) {
    return new CriEndpoint(host.path(CONFIG.socket().toString()));
  }

  private static void startContainerd(Host host) throws IOException, InterruptedException {
    Path config = host.path(CONFIG.configFile().toString());
    Files.createDirectories(config.resolveSibling("x").getParent());
    Files.createDirectories(host.path(CONFIG.cniConfigDir().toString()));
    Files.writeString(config, ConfigToml.render(CONFIG, schema(host), FACTS, Map.of()));
    Files.writeString(
        host.path(CONFIG.cniConfigDir() + "/10-test.conflist"),
        """
        {"name": "test", "cniVersion": "0.4.0", "plugins": [
          {"type": "bridge", "bridge": "cni0", "isGateway": true,
           "ipam": {"type": "host-local", "subnet": "10.42.0.0/24"}}]}
        """);
    host.start("containerd", "containerd", "-c", CONFIG.configFile().toString());
  }

  private static Schema schema(Host host) throws InterruptedException {
    return org.k3sjvm.containerd.config.ContainerdVersion.parse(
            host.run("containerd", "--version").text())
        .schema();
  }

  private static void importImages(Host host, ContainerRuntime runtime)
      throws IOException, InterruptedException {
    new CriReady(InstantSource.system(), Sleeper.SYSTEM).await(runtime);
    Path busybox = host.home().resolve("busybox.tar");
    Path pause = host.home().resolve("pause.tar");
    TestImages.writeBusybox(busybox);
    TestImages.writePause(pause);
    for (Path archive : List.of(busybox, pause)) {
      host.run(
              "ctr",
              "-a",
              CONFIG.socket().toString(),
              "-n",
              "k8s.io",
              "images",
              "import",
              archive.toString())
          .text();
    }
  }

  private static ContainerId startPod(ContainerRuntime runtime, String group)
      throws InterruptedException {
    PodSandboxConfig pod =
        new PodSandboxConfig(
            new PodSandboxMetadata("web", "default", "u", 0),
            "web",
            "/var/log/pods/default_web_u",
            Optional.empty(),
            List.of(),
            Map.of(),
            Map.of(),
            new LinuxSandboxConfig(
                group,
                SandboxSecurityContext.DEFAULT,
                Map.of(),
                Optional.empty(),
                Optional.empty()));
    SandboxId sandbox = runtime.runPodSandbox(pod, "");
    ContainerConfig config =
        ContainerConfig.builder(new ContainerMetadata("c", 0), ImageSpec.of(TestImages.BUSYBOX))
            .command(List.of("sleep", "1000"))
            .logPath("c/0.log")
            .build();
    ContainerId id = runtime.createContainer(sandbox, config, pod);
    runtime.startContainer(id);
    return id;
  }
}
