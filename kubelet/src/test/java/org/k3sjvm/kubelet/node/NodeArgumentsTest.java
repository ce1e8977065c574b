package org.k3sjvm.kubelet.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;

class NodeArgumentsTest {
  private static final NodeArguments ARGUMENTS =
      NodeArguments.of(
          List.of(
              "agent",
              "--server",
              "https://10.0.0.1:6443",
              "--token=secret",
              "--node-label",
              "a=<b>&c"),
          Map.of("K3S_TOKEN", "secret", "K3S_URL", "https://10.0.0.1:6443", "PATH", "/bin"));

  @Test
  void argumentsAndEnvironmentHaveTheTextAndHashOfUpstream() {
    assertThat(ARGUMENTS.argsJson())
        .isEqualTo(
            "[\"agent\",\"--server\",\"https://10.0.0.1:6443\",\"--token\",\"********\","
                + "\"--node-label\",\"a=\\u003cb\\u003e\\u0026c\"]");
    assertThat(ARGUMENTS.envJson())
        .isEqualTo("{\"K3S_TOKEN\":\"********\",\"K3S_URL\":\"https://10.0.0.1:6443\"}");
    assertThat(ARGUMENTS.hash())
        .isEqualTo("ZOAPJI4WBKWZQGZIYOTMW5NGZQXI4MGNLWWRYUI6UEFE2OCNF6BQ====");
  }

  private static AgentNodePatch patch(boolean cloudController) {
    return patch(cloudController, false);
  }

  private static AgentNodePatch patch(boolean cloudController, boolean clusterEgress) {
    return new AgentNodePatch(
        Map.of("role", "edge"),
        clusterEgress,
        cloudController,
        List.of("10.0.0.2", "fd00::2"),
        List.of(),
        List.of(),
        List.of(),
        "host.example",
        ARGUMENTS);
  }

  @Test
  void aNodeThatWasPatchedNeedsNoPatch() throws Exception {
    FakeKubeApi api = new FakeKubeApi();
    Node node =
        api.create(
            Resources.NODES,
            new NodeBuilder()
                .withNewMetadata()
                .withName("n")
                .addToAnnotations("k3s.io/internal-dns", "old")
                .addToLabels("x", "y")
                .endMetadata()
                .build());
    JsonNode operations = patch(true).operations(node).orElseThrow();
    Node patched =
        api.patch(Resources.NODES, ObjectName.ofCluster("n"), new Patch.Json(operations));
    assertThat(patched.getMetadata().getAnnotations())
        .containsEntry("k3s.io/internal-ip", "10.0.0.2,fd00::2")
        .containsEntry("k3s.io/hostname", "host.example")
        .containsEntry("k3s.io/node-config-hash", ARGUMENTS.hash())
        .doesNotContainKeys("k3s.io/internal-dns", "k3s.io/external-ip");
    assertThat(patched.getMetadata().getLabels()).containsEntry("role", "edge");
    assertThat(patch(true).operations(patched)).isEmpty();
    JsonNode removal = patch(false).operations(patched).orElseThrow();
    assertThat(KubeJson.write(removal))
        .contains("\"remove\"", "/metadata/annotations/k3s.io~1internal-ip");
  }

  @Test
  void serversAreToldWhetherTheTunnelLeadsToPods() {
    Node plain =
        new NodeBuilder()
            .withNewMetadata()
            .withName("n")
            .addToAnnotations("k3s.io/node-config-hash", ARGUMENTS.hash())
            .addToLabels("role", "edge")
            .endMetadata()
            .build();
    Node marked =
        new NodeBuilder(plain)
            .editMetadata()
            .addToLabels("egress.k3s.io/cluster", "true")
            .endMetadata()
            .build();
    String label = "/metadata/labels/egress.k3s.io~1cluster";
    assertThat(KubeJson.write(patch(false, true).operations(plain).orElseThrow()))
        .contains(label, "\"add\"");
    assertThat(patch(false, true).operations(marked)).isEmpty();
    assertThat(KubeJson.write(patch(false, false).operations(marked).orElseThrow()))
        .contains(label, "\"remove\"");
    assertThat(patch(false, false).operations(plain)).isEmpty();
  }

  @Test
  void labelsThatTheServerWouldRefuseAreRefusedAtTheStart() {
    NodeLabels.check(List.of("app", "example.com/x", "node.kubernetes.io/x", "kubernetes.io/arch"));
    assertThatThrownBy(
            () -> NodeLabels.check(List.of("node-role.kubernetes.io/worker", "b.k8s.io/x")))
        .hasMessage(
            "unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels:"
                + " [b.k8s.io/x, node-role.kubernetes.io/worker]");
  }
}
