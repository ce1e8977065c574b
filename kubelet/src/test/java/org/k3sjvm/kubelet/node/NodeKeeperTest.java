package org.k3sjvm.kubelet.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.cri.RuntimeStatus;
import org.k3sjvm.cri.RuntimeStatus.RuntimeCondition;
import org.k3sjvm.cri.testing.FakeContainerRuntime;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kube.testing.FakeKubeApi.Verb;
import org.k3sjvm.kubelet.Eventually;
import org.k3sjvm.kubelet.settings.KubeletSettings;
import org.k3sjvm.kubelet.settings.Reservations;
import org.k3sjvm.linux.testing.FakeMounts;

class NodeKeeperTest {
  private static final ObjectName NAME = ObjectName.ofCluster("n1");
  private static final MachineFacts MACHINE =
      new MachineFacts(
          4, 8L << 30, 0, Map.of("2Mi", 64L << 20), "m", "u", "boot-1", "6.1", "Debian", "amd64");

  @TempDir Path root;

  private final ManualTime time = new ManualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final FakeKubeApi api = new FakeKubeApi(time);
  private final FakeContainerRuntime runtime = new FakeContainerRuntime(time, time);
  private final List<String> events = new ArrayList<>();

  private NodeConfig config(boolean externalCloud) throws Exception {
    return new NodeConfig(
        "n1",
        List.of(InetAddress.getByName("10.0.0.2"), InetAddress.getByName("fd00::2")),
        externalCloud,
        Map.of("disk", "ssd"),
        List.of(new Taint("NoSchedule", "dedicated", null, "x")),
        "",
        "v1.36.3+k3s1",
        10250,
        KubeletSettings.DEFAULT.pods(),
        root,
        Reservations.DEFAULT,
        OptionalInt.of(50),
        NodeConfig.Periods.DEFAULT);
  }

  private NodeKeeper keeper() throws Exception {
    return new NodeKeeper(
        config(true),
        api,
        MACHINE,
        runtime,
        runtime.images(),
        new FakeMounts(),
        (_, reason, _) -> events.add(reason),
        time,
        time,
        new Random(1));
  }

  private Node node() {
    return api.get(Resources.NODES, NAME);
  }

  private NodeCondition ready() {
    return NodeConditions.find(node().getStatus().getConditions(), "Ready").orElseThrow();
  }

  private long patches() {
    return api.count(Verb.PATCH_STATUS, "nodes n1");
  }

  private void network(boolean up) {
    runtime.setCondition(
        new RuntimeCondition(
            RuntimeStatus.NETWORK_READY,
            up,
            up ? "" : "NetworkPluginNotReady",
            up ? "" : "no cni"));
  }

  @Test
  void isKnownAsItWasUntilAServerHasIt() throws Exception {
    keeper().register();
    Node before = node();
    NodeKeeper later = keeper();
    assertThat(later.known().isOpen()).isFalse();

    later.recall(before);

    assertThat(later.known().peek()).contains(before);
    assertThat(later.latest()).contains(before);
    assertThat(later.registered().isOpen()).isFalse();
    later.register();
    assertThat(later.registered().isOpen()).isTrue();
  }

  @Test
  void aNewNodeCarriesWhatSchedulersAndTheCloudControllerRead() throws Exception {
    keeper().register();
    Node node = node();
    assertThat(node.getMetadata().getLabels())
        .containsEntry("kubernetes.io/hostname", "n1")
        .containsEntry("beta.kubernetes.io/arch", "amd64")
        .containsEntry("disk", "ssd");
    assertThat(node.getMetadata().getAnnotations())
        .containsEntry("alpha.kubernetes.io/provided-node-ip", "10.0.0.2,fd00::2")
        .containsEntry("volumes.kubernetes.io/controller-managed-attach-detach", "true");
    assertThat(node.getSpec().getTaints())
        .extracting(Taint::getKey)
        .containsExactly("dedicated", "node.cloudprovider.kubernetes.io/uninitialized");
    assertThat(node.getStatus().getAddresses())
        .extracting(NodeAddress::getType)
        .containsExactly("InternalIP", "InternalIP", "Hostname");
    assertThat(node.getStatus().getCapacity().get("memory")).hasToString("8388608Ki");
    assertThat(node.getStatus().getAllocatable().get("memory")).hasToString("8323072Ki");
    assertThat(node.getStatus().getNodeInfo().getContainerRuntimeVersion()).contains("://");
    assertThat(node.getStatus().getDeclaredFeatures())
        .contains("RestartAllContainersOnContainerExits");
    assertThat(KubeJson.tree(node).at("/status/daemonEndpoints/kubeletEndpoint/Port").asInt())
        .isEqualTo(10250);
  }

  @Test
  void theNodeBecomesReadyWhenTheRuntimeAndItsNetworkAre() throws Exception {
    network(false);
    NodeKeeper keeper = keeper();
    keeper.register();
    assertThat(keeper.report()).isFalse();
    assertThat(ready().getMessage())
        .isEqualTo(
            "container runtime network not ready: NetworkReady=false"
                + " reason:NetworkPluginNotReady message:no cni");
    time.advance(Duration.ofSeconds(3));
    network(true);
    assertThat(keeper.report()).isTrue();
    assertThat(keeper.ready().isOpen()).isTrue();
    assertThat(ready().getReason()).isEqualTo("KubeletReady");
    assertThat(ready().getLastTransitionTime()).isEqualTo("2026-01-01T00:00:03Z");
    assertThat(events).containsExactly("NodeReady");
  }

  @Test
  void nothingIsSentWhileNothingChangesUntilAReportIsDue() throws Exception {
    NodeKeeper keeper = keeper();
    keeper.register();
    keeper.report();
    long before = patches();
    time.advance(Duration.ofSeconds(10));
    keeper.report();
    assertThat(patches()).isEqualTo(before);
    time.advance(Duration.ofMinutes(5));
    keeper.report();
    assertThat(patches()).isEqualTo(before + 1);
    assertThat(ready().getLastHeartbeatTime()).isEqualTo("2026-01-01T00:05:10Z");
    assertThat(ready().getLastTransitionTime()).isEqualTo("2026-01-01T00:00:00Z");
  }

  @Test
  void whatAnOldServerDropsIsNotSentAgain() throws Exception {
    keeper().register();
    NodeStatus sent = node().getStatus();
    JsonNode dropped =
        KubeJson.read("{\"status\":{\"nodeInfo\":{\"bootID\":null}}}", JsonNode.class);
    Node old = api.patchStatus(Resources.NODES, NAME, new Patch.Merge(dropped));
    Optional<String> ips = NodeStatuses.providedIps(config(true));
    assertThat(NodePatches.status(old, Optional.empty(), sent, ips, false)).isPresent();
    assertThat(NodePatches.status(old, Optional.of(sent), sent, ips, false)).isEmpty();
  }

  @Test
  void aRuntimeThatIsAwayForHalfAMinuteMakesTheNodeNotReady() throws Exception {
    NodeKeeper keeper = keeper();
    keeper.register();
    assertThat(keeper.report()).isTrue();
    runtime.setAway(true);
    time.advance(Duration.ofSeconds(29));
    assertThat(keeper.report()).isTrue();
    time.advance(Duration.ofSeconds(5));
    assertThat(keeper.report()).isFalse();
    assertThat(ready().getMessage()).isEqualTo("container runtime is down");
    runtime.setAway(false);
    assertThat(keeper.report()).isTrue();
    assertThat(events).containsExactly("NodeNotReady", "NodeReady");
  }

  @Test
  void whatOthersWroteStaysAsTheyWroteIt() throws Exception {
    NodeKeeper keeper = keeper();
    keeper.register();
    JsonNode theirs =
        KubeJson.read(
            "{\"status\":{\"conditions\":[{\"type\":\"NetworkUnavailable\",\"status\":\"False\"}],"
                + "\"addresses\":[{\"$patch\":\"replace\"},"
                + "{\"type\":\"ExternalIP\",\"address\":\"1.2.3.4\"}]}}",
            JsonNode.class);
    api.patchStatus(Resources.NODES, NAME, new Patch.Strategic(theirs));
    network(false);
    NodeKeeper restarted = keeper();
    restarted.register();
    restarted.report();
    assertThat(NodeConditions.find(node().getStatus().getConditions(), "NetworkUnavailable"))
        .isPresent();
    assertThat(node().getStatus().getAddresses())
        .extracting(NodeAddress::getAddress)
        .containsExactly("1.2.3.4");
    assertThat(ready().getStatus()).isEqualTo("False");
  }

  @Test
  void aRestartKeepsTransitionTimesAndRestoresDefaultLabelsOnly() throws Exception {
    NodeKeeper first = keeper();
    first.register();
    first.report();
    api.patch(
        Resources.NODES,
        NAME,
        new Patch.Merge(
            KubeJson.read(
                "{\"metadata\":{\"labels\":{\"disk\":null,\"kubernetes.io/os\":\"x\"}}}",
                JsonNode.class)));
    time.advance(Duration.ofHours(1));
    NodeKeeper second = keeper();
    second.register();
    second.report();
    assertThat(node().getMetadata().getLabels())
        .containsEntry("kubernetes.io/os", "linux")
        .doesNotContainKey("disk");
    assertThat(ready().getLastTransitionTime()).isEqualTo("2026-01-01T00:00:00Z");
  }

  @Test
  void theStartIsTold() throws Exception {
    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start("node", keeper());
      Eventually.holds(
          Duration.ofSeconds(10),
          () -> api.count(Verb.LIST, "nodes") > 0,
          () -> api.requests().toString());
    }
    assertThat(events)
        .startsWith("Starting")
        .containsSubsequence(
            "NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID");
  }

  @Test
  void aRebootIsTold() throws Exception {
    api.create(
        Resources.NODES,
        new NodeBuilder()
            .withNewMetadata()
            .withName("n1")
            .endMetadata()
            .withNewStatus()
            .withNewNodeInfo()
            .withBootID("boot-0")
            .endNodeInfo()
            .endStatus()
            .build());
    keeper().register();
    assertThat(events).containsExactly("Rebooted");
  }

  @Test
  void aNodeThatWasDeletedIsMadeAnew() throws Exception {
    NodeKeeper keeper = keeper();
    keeper.register();
    keeper.report();
    api.delete(Resources.NODES, NAME, DeleteRequest.DEFAULT);
    time.advance(Duration.ofMinutes(6));
    assertThat(keeper.report()).isTrue();
    assertThat(node().getMetadata().getLabels()).containsEntry("disk", "ssd");
  }

  @Test
  void registrationGoesOnUntilTheServerIsThere() throws Exception {
    for (int i = 0; i < 3; i++) {
      api.failNext(Verb.CREATE, new KubeException.Unavailable("create", "down", null));
    }
    NodeKeeper keeper = keeper();
    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start("register", keeper::register);
      while (keeper.registered().await(Duration.ofMillis(20)).isEmpty()) {
        time.advance(Duration.ofSeconds(7));
      }
      assertThat(api.count(Verb.CREATE, "nodes")).isEqualTo(4);
    }
  }

  @Test
  void theLeaseIsMadeOwnedRenewedAndSurvivesAConflict() throws Exception {
    keeper().register();
    NodeLease lease =
        new NodeLease("n1", Duration.ofSeconds(40), api, time, () -> Optional.of(node()));
    lease.renew();
    ObjectName name = new ObjectName("kube-node-lease", "n1");
    Lease made = api.get(Resources.LEASES, name);
    assertThat(made.getSpec().getLeaseDurationSeconds()).isEqualTo(40);
    assertThat(made.getMetadata().getOwnerReferences())
        .singleElement()
        .satisfies(owner -> assertThat(owner.getUid()).isEqualTo(node().getMetadata().getUid()));
    api.patch(
        Resources.LEASES,
        name,
        new Patch.Merge(
            KubeJson.read("{\"metadata\":{\"labels\":{\"a\":\"b\"}}}", JsonNode.class)));
    time.advance(Duration.ofSeconds(10));
    lease.renew();
    assertThat(KubeJson.tree(api.get(Resources.LEASES, name)).at("/spec/renewTime").asText())
        .isEqualTo("2026-01-01T00:00:10.000000Z");
  }

  @Test
  void aDeadConnectionIsGivenUpAtTheSecondFailure() throws Exception {
    keeper().register();
    NodeLease lease =
        new NodeLease("n1", Duration.ofSeconds(40), api, time, () -> Optional.of(node()));
    lease.renew();
    for (int i = 0; i < 2; i++) {
      api.failNext(Verb.UPDATE, new KubeException.Unavailable("update", "timed out", null));
    }
    lease.renew();
    assertThat(api.reconnects()).isEqualTo(1);
  }
}
