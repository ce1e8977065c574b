package org.k3sjvm.kubelet.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.cri.testing.FakeContainerRuntime;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.HttpKubeApi;
import org.k3sjvm.kube.KubeClientConfig;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.Kubeconfig;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.kubelet.settings.Reservations;
import org.k3sjvm.kubelet.volume.LocalPodVolumes;
import org.k3sjvm.linux.mount.KernelMounts;
import org.k3sjvm.linux.mount.MountPoint;

/**
 * Node and volumes with a node's own rights against a real server: {@code K3S_KUBECONFIG} is the
 * admin's, {@code K3S_NODE_KUBECONFIG} that of the node {@code kubelet-it}.
 */
@EnabledIfEnvironmentVariable(named = "K3S_NODE_KUBECONFIG", matches = ".+")
class RealNodeIT {
  private static final String NAME = "kubelet-it";

  @TempDir Path root;

  private final KernelMounts mounts = new KernelMounts();
  private HttpKubeApi admin;
  private HttpKubeApi api;
  private NodeKeeper keeper;

  @BeforeEach
  void connect() throws Exception {
    admin = client("K3S_KUBECONFIG");
    api = client("K3S_NODE_KUBECONFIG");
    FakeContainerRuntime runtime = FakeContainerRuntime.create();
    keeper =
        new NodeKeeper(
            new NodeConfig(
                NAME,
                List.of(InetAddress.getByName("10.98.0.2")),
                true,
                Map.of("disk", "ssd"),
                List.of(),
                "",
                "v1.21.2+k3s1",
                10250,
                KubeletSettings.DEFAULT.pods(),
                root,
                Reservations.DEFAULT,
                OptionalInt.of(50),
                NodeConfig.Periods.DEFAULT),
            api,
            runtime,
            runtime.images(),
            mounts,
            NodeEvents.NONE);
  }

  private static HttpKubeApi client(String variable) {
    return new HttpKubeApi(
        Kubeconfig.read(Path.of(System.getenv(variable))), KubeClientConfig.of("test"));
  }

  @AfterEach
  void cleanUp() throws Exception {
    for (MountPoint mount : mounts.within(root)) {
      mounts.detach(mount.target());
    }
    try {
      admin.delete(Resources.NODES, ObjectName.ofCluster(NAME), DeleteRequest.DEFAULT);
    } catch (KubeException.NotFound e) {
      // the test did not come so far
    }
    api.close();
    admin.close();
  }

  @Test
  void aNodeIsReadySoonAndItsPodGetsItsToken() throws Exception {
    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start("node", keeper);
      assertThat(keeper.ready().await(Duration.ofSeconds(30))).isPresent();
      Node node = admin.get(Resources.NODES, ObjectName.ofCluster(NAME));
      assertThat(node.getStatus().getAddresses())
          .extracting(NodeAddress::getAddress)
          .contains("10.98.0.2", NAME);
      await(
          () ->
              admin.find(Resources.LEASES, new ObjectName("kube-node-lease", NAME)).isPresent()
                  && admin.find(Resources.CSI_NODES, ObjectName.ofCluster(NAME)).isPresent());
      Pod pod = admin.create(Resources.PODS, pod());
      LocalPodVolumes volumes =
          new LocalPodVolumes(
              root, api, mounts, keeper::allocatable, InstantSource.system(), new Random());
      Path token = mount(volumes, pod);
      assertThat(Files.readString(token.resolve("token"))).contains(".");
      assertThat(Files.readString(token.resolve("ca.crt"))).contains("BEGIN CERTIFICATE");
      assertThat(token.resolve("namespace")).hasContent("default");
      volumes.unmount(pod.getMetadata().getUid());
      assertThat(mounts.within(root)).isEmpty();
      admin.delete(
          Resources.PODS, ObjectName.of(pod), DeleteRequest.now(pod.getMetadata().getUid()));
    }
  }

  /** The node authorizer learns of a new pod a moment after the pod was made. */
  private static Path mount(LocalPodVolumes volumes, Pod pod) throws Exception {
    Path[] mounted = new Path[1];
    await(
        () -> {
          try {
            mounted[0] = volumes.mount(pod).values().iterator().next().path();
            return true;
          } catch (org.k3sjvm.kubelet.volume.VolumeException e) {
            return false;
          }
        });
    return mounted[0];
  }

  private interface Condition {
    boolean holds() throws InterruptedException;
  }

  private static void await(Condition condition) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(end);
    }
  }

  private static Pod pod() {
    return new PodBuilder()
        .withNewMetadata()
        .withGenerateName("volumes-")
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .withNodeName(NAME)
        .addNewContainer()
        .withName("c")
        .withImage("none")
        .endContainer()
        .endSpec()
        .build();
  }
}
