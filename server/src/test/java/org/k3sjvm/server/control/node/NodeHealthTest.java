package org.k3sjvm.server.control.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.k3sjvm.server.control.ServedApi.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.testing.ManualTime;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.server.control.Things;
import org.k3sjvm.server.control.cluster.Cluster;

class NodeHealthTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  private static final ObjectName N1 = ObjectName.ofCluster("n1");

  private final ManualTime time = new ManualTime(NOON);
  private final FakeKubeApi fake = new FakeKubeApi(time);
  private final Cluster cluster = new Cluster(fake, time);
  private final NodeHealth health = new NodeHealth(cluster);
  private final ServiceGroup group = ServiceGroup.open("test");

  @BeforeEach
  void follow() throws InterruptedException {
    var _ = cluster.pods();
    var _ = cluster.nodes();
    fake.create(Resources.NODES, Things.node("n1"));
    cluster.follow(group);
  }

  @AfterEach
  void stop() {
    group.close();
  }

  @ParameterizedTest(name = "Ready {0}, cordoned {1}, had {2}: {3}")
  @CsvSource({
    "True, false, '', ''",
    "True, true, '', 'unschedulable:NoSchedule'",
    "False, false, '', 'not-ready:NoSchedule not-ready:NoExecute'",
    "Unknown, false, '', 'unreachable:NoSchedule unreachable:NoExecute'",
    "'', false, '', 'not-ready:NoSchedule'",
    "True, false, 'not-ready:NoSchedule not-ready:NoExecute', ''",
    "False, false, 'unreachable:NoExecute', 'not-ready:NoSchedule not-ready:NoExecute'",
    "True, false, 'mine:NoExecute', 'mine:NoExecute'",
  })
  void taintsFollowFromConditions(String ready, boolean cordoned, String had, String expected) {
    Node node = Things.node("n1");
    node.getSpec().setUnschedulable(cordoned);
    node.getStatus().getConditions().getFirst().setStatus(ready);
    if (ready.isEmpty()) {
      node.getStatus().setConditions(List.of());
    }
    List<Taint> taints = new ArrayList<>();
    for (String text : had.isEmpty() ? new String[0] : had.split(" ", -1)) {
      taints.add(
          new Taint(
              text.split(":", -1)[1], "node.kubernetes.io/" + text.split(":", -1)[0], null, null));
    }
    node.getSpec().setTaints(taints);
    assertThat(text(NodeTaints.wanted(node, NOON))).isEqualTo(expected);
  }

  @ParameterizedTest(name = "tolerates {0}: {1}")
  @CsvSource({
    "'', 0",
    "'k', never",
    "'k 300', 300",
    "'k 300,k 20', 20",
    "'other', 0",
    "'k -5', 0",
  })
  void evictsWhenPatienceIsOver(String tolerations, String expected) {
    List<Toleration> all = new ArrayList<>();
    for (String text : tolerations.isEmpty() ? new String[0] : tolerations.split(",", -1)) {
      String[] parts = text.split(" ", -1);
      Long seconds = parts.length > 1 ? Long.valueOf(parts[1]) : null;
      all.add(new Toleration("NoExecute", parts[0], "Exists", seconds, null));
    }
    Optional<Instant> due =
        Eviction.due(List.of(new Taint("NoExecute", "k", NOON.toString(), null)), all, NOON);
    assertThat(due.map(at -> Long.toString(Duration.between(NOON, at).toSeconds())).orElse("never"))
        .isEqualTo(expected);
  }

  @Test
  void marksASilentNodeAndItsPodsAndEvictsThemInTime() throws InterruptedException {
    Pod pod =
        Things.pod(
            "p",
            "'nodeName': 'n1', 'containers': [{'name': 'c'}], 'tolerations': [{'key':"
                + " 'node.kubernetes.io/unreachable', 'operator': 'Exists', 'effect': 'NoExecute',"
                + " 'tolerationSeconds': 300}]");
    pod.setStatus(
        Things.read(
                Pod.class,
                "{'status': {'phase': 'Running', 'conditions': [{'type': 'Ready', 'status':"
                    + " 'True'}]}}")
            .getStatus());
    fake.create(Resources.PODS, pod);
    await("the pod is seen", () -> cluster.pods().all().size() == 1);

    assertThat(health.reconcile(N1)).hasValue(NodeHealth.GRACE);
    time.advance(Duration.ofSeconds(49));
    assertThat(health.reconcile(N1)).hasValue(Duration.ofSeconds(1));
    assertThat(condition("Ready")).isEqualTo("True");

    time.advance(Duration.ofSeconds(1));
    health.reconcile(N1);
    assertThat(condition("Ready")).isEqualTo("Unknown");
    assertThat(text(fake.get(Resources.NODES, N1).getSpec().getTaints()))
        .isEqualTo("unreachable:NoSchedule unreachable:NoExecute");
    Pod marked = fake.get(Resources.PODS, ObjectName.of(pod));
    assertThat(marked.getStatus().getConditions().getFirst().getStatus()).isEqualTo("False");
    assertThat(marked.getMetadata().getDeletionTimestamp()).isNull();

    time.advance(Duration.ofSeconds(299));
    assertThat(health.reconcile(N1)).hasValue(Duration.ofSeconds(1));
    time.advance(Duration.ofSeconds(1));
    health.reconcile(N1);
    assertThat(fake.get(Resources.PODS, ObjectName.of(pod)).getMetadata().getDeletionTimestamp())
        .isNotNull();
  }

  @Test
  void takesALeaseForASignOfLife() throws InterruptedException {
    health.reconcile(N1);
    time.advance(Duration.ofSeconds(45));
    fake.create(
        Resources.LEASES,
        Things.read(
            io.fabric8.kubernetes.api.model.coordination.v1.Lease.class,
            "{'metadata': {'name': 'n1', 'namespace': 'kube-node-lease'},"
                + " 'spec': {'renewTime': '2026-01-01T12:00:45.000000Z'}}"));
    await(
        "the lease is seen",
        () -> !cluster.cache(Resources.LEASES, NodeHealth.NODE_LEASES).all().isEmpty());
    assertThat(health.reconcile(N1)).hasValue(NodeHealth.GRACE);
    time.advance(Duration.ofSeconds(45));
    health.reconcile(N1);
    assertThat(condition("Ready")).isEqualTo("True");
  }

  @Test
  void liftsTheTaintsWhenTheNodeIsBack() throws InterruptedException {
    health.reconcile(N1);
    time.advance(Duration.ofSeconds(60));
    health.reconcile(N1);
    assertThat(condition("Ready")).isEqualTo("Unknown");
    Node back =
        fake.patchStatus(
            Resources.NODES,
            N1,
            new Patch.Strategic(
                KubeJson.read(
                    "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\","
                        + "\"lastHeartbeatTime\":\"2026-01-01T12:01:00Z\"}]}}",
                    JsonNode.class)));
    cluster.nodes().wrote(back);
    assertThat(health.reconcile(N1)).hasValue(NodeHealth.GRACE);
    assertThat(fake.get(Resources.NODES, N1).getSpec().getTaints()).isEmpty();
  }

  private String condition(String type) {
    return fake.get(Resources.NODES, N1).getStatus().getConditions().stream()
        .filter(condition -> condition.getType().equals(type))
        .map(condition -> condition.getStatus())
        .findFirst()
        .orElse("");
  }

  private static String text(List<Taint> taints) {
    return taints.stream()
        .map(taint -> taint.getKey().replace("node.kubernetes.io/", "") + ":" + taint.getEffect())
        .reduce((a, b) -> a + " " + b)
        .orElse("");
  }
}
