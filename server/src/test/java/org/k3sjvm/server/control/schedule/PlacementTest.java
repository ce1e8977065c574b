package org.k3sjvm.server.control.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.server.control.Things;

class PlacementTest {
  private static final String C = "'containers': [{'name': 'c'}]";

  @Test
  void saysThatThereAreNoNodes() {
    assertThat(place(Things.pod("p"))).isEqualTo("no nodes available to schedule pods");
  }

  @Test
  void takesTheEmptierNode() {
    NodeLoad busy = load(Things.node("a"));
    busy.add(PodDemand.of(Things.pod("x", "2", "1Gi")), "");
    assertThat(place(Things.pod("p"), busy, load(Things.node("b")))).isEqualTo("b");
  }

  @Test
  void spreadsThePodsOfOneOwnerBeforeItLooksAtResources() {
    NodeLoad sibling = load(Things.node("a"));
    sibling.add(PodDemand.of(Things.pod("x")), "rs-1");
    NodeLoad busy = load(Things.node("b"));
    busy.add(PodDemand.of(Things.pod("x", "2", "4Gi")), "");
    Pod pod = Things.pod("p");
    pod.getMetadata()
        .setOwnerReferences(
            List.of(
                Things.read(
                        Pod.class,
                        "{'metadata': {'ownerReferences': [{'uid': 'rs-1', 'controller': true}]}}")
                    .getMetadata()
                    .getOwnerReferences()
                    .getFirst()));
    assertThat(place(pod, sibling, busy)).isEqualTo("b");
  }

  @Test
  void countsWhatEachNodeLacks() {
    NodeLoad full = load(Things.node("a", "4", "8Gi", 1));
    full.add(PodDemand.of(Things.pod("x")), "");
    assertThat(
            place(
                Things.pod("p", "5", "9Gi"),
                full,
                load(Things.node("b")),
                load(Things.node("c", "8", "8Gi", 10))))
        .isEqualTo(
            "0/3 nodes are available: 1 Too many pods, 2 Insufficient cpu, 3 Insufficient memory.");
  }

  @Test
  void saysWhichTaintIsNotTolerated() {
    assertThat(place(Things.pod("p"), load(tainted("a", "gpu", "yes", "NoSchedule"))))
        .isEqualTo("0/1 nodes are available: 1 node(s) had untolerated taint {gpu: yes}.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "'key': 'gpu', 'operator': 'Exists' | true",
        "'key': 'gpu', 'value': 'yes' | true",
        "'key': 'gpu', 'value': 'no' | false",
        "'operator': 'Exists' | true",
        "'key': 'gpu', 'operator': 'Exists', 'effect': 'NoExecute' | false",
        "'key': 'other', 'operator': 'Exists' | false",
      })
  void bearsATaintThatATolerationIsAbout(String toleration, boolean placed) {
    Pod pod = Things.pod("p", C + ", 'tolerations': [{" + toleration + "}]");
    assertThat(place(pod, load(tainted("a", "gpu", "yes", "NoSchedule"))).equals("a"))
        .isEqualTo(placed);
  }

  @Test
  void avoidsASoftTaintWhenItCan() {
    NodeLoad soft = load(tainted("a", "k", "v", "PreferNoSchedule"));
    assertThat(place(Things.pod("p"), soft, load(Things.node("b")))).isEqualTo("b");
    assertThat(place(Things.pod("p"), soft)).isEqualTo("a");
  }

  @Test
  void leavesACordonedNodeToThoseThatTolerateIt() {
    Node cordoned = Things.node("a");
    cordoned.getSpec().setUnschedulable(true);
    assertThat(place(Things.pod("p"), load(cordoned)))
        .isEqualTo("0/1 nodes are available: 1 node(s) were unschedulable.");
    Pod daemon =
        Things.pod(
            "p",
            C
                + ", 'tolerations': [{'key': 'node.kubernetes.io/unschedulable',"
                + " 'operator': 'Exists', 'effect': 'NoSchedule'}]");
    assertThat(place(daemon, load(cordoned))).isEqualTo("a");
  }

  @ParameterizedTest
  @CsvSource({
    "In, ssd hdd, true",
    "In, hdd, false",
    "NotIn, ssd, false",
    "NotIn, hdd, true",
    "Exists, '', true",
    "DoesNotExist, '', false",
  })
  void obeysRequiredNodeAffinity(String operator, String values, boolean placed) {
    Node node = Things.node("a");
    node.getMetadata().setLabels(Map.of("disk", "ssd"));
    String list =
        values.isEmpty()
            ? ""
            : Arrays.stream(values.split(" ", -1))
                .map(value -> "'" + value + "'")
                .reduce((a, b) -> a + "," + b)
                .orElseThrow();
    Pod pod =
        Things.pod(
            "p",
            C
                + ", 'affinity': {'nodeAffinity':"
                + " {'requiredDuringSchedulingIgnoredDuringExecution': {'nodeSelectorTerms': ["
                + "{'matchExpressions': [{'key': 'disk', 'operator': '"
                + operator
                + "', 'values': ["
                + list
                + "]}]}]}}}");
    assertThat(place(pod, load(node)).equals("a")).isEqualTo(placed);
  }

  @Test
  void obeysTheNodeSelectorAndTheFieldOfTheName() {
    Pod wantsSsd = Things.pod("p", C + ", 'nodeSelector': {'disk': 'ssd'}");
    assertThat(place(wantsSsd, load(Things.node("a"))))
        .isEqualTo("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.");
    Pod wantsB =
        Things.pod(
            "p",
            C
                + ", 'affinity': {'nodeAffinity':"
                + " {'requiredDuringSchedulingIgnoredDuringExecution': {'nodeSelectorTerms': ["
                + "{'matchFields': [{'key': 'metadata.name', 'operator': 'In',"
                + " 'values': ['b']}]}]}}}");
    assertThat(place(wantsB, load(Things.node("a")), load(Things.node("b")))).isEqualTo("b");
  }

  @Test
  void keepsHostPortsApart() {
    String port = "'containers': [{'name': 'c', 'ports': [{'containerPort': 80, 'hostPort': 80}]}]";
    NodeLoad taken = load(Things.node("a"));
    taken.add(PodDemand.of(Things.pod("x", port)), "");
    assertThat(place(Things.pod("p", port), taken))
        .isEqualTo(
            "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod"
                + " ports.");
  }

  @Test
  void requestsWhatTheLargestPhaseNeeds() {
    Pod pod =
        Things.pod(
            "p",
            """
            'containers': [{'name': 'a', 'resources': {'requests': {'cpu': '100m'}}},
              {'name': 'b', 'resources': {'requests': {'cpu': '0.2'}}}],
            'initContainers': [
              {'name': 's', 'restartPolicy': 'Always',
               'resources': {'requests': {'cpu': '50m', 'memory': '1Ki'}}},
              {'name': 'i', 'resources': {'requests': {'cpu': '1', 'memory': '1M'}}}],
            'overhead': {'cpu': '10m'}
            """);
    assertThat(PodDemand.of(pod).requests())
        .isEqualTo(new Amounts(Map.of("cpu", 1060L, "memory", 1_001_024L)));
  }

  private static NodeLoad load(Node node) {
    return new NodeLoad(node);
  }

  private static Node tainted(String name, String key, String value, String effect) {
    Node node = Things.node(name);
    node.getSpec().setTaints(List.of(new Taint(effect, key, null, value)));
    return node;
  }

  /** The node's name, or the message. */
  private static String place(Pod pod, NodeLoad... nodes) {
    return switch (Placement.of(pod, PodDemand.of(pod), List.of(nodes))) {
      case Placement.On(NodeLoad node) -> node.name();
      case Placement.Nowhere(String message) -> message;
    };
  }
}
