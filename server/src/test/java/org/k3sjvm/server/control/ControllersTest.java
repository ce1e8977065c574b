package org.k3sjvm.server.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.k3sjvm.server.control.ServedApi.await;

import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.server.control.node.PodNetworks;

/** All controllers together, over the fake API. */
class ControllersTest {
  private final FakeKubeApi fake = new FakeKubeApi();
  private final ServedApi api = new ServedApi(fake);
  private final ServiceGroup group = ServiceGroup.open("test");

  @BeforeEach
  void start() {
    ControlConfig config =
        new ControlConfig(
            PodNetworks.of(List.of(Cidr.parse("10.42.0.0/16"))), true, () -> "the CA");
    group.start("controllers", new Controllers(api, config));
  }

  @AfterEach
  void stop() {
    group.close();
  }

  @Test
  void placesFiftyPodsOnTwoNodesInWellUnderASecond() {
    fake.create(Resources.NODES, Things.node("n1"));
    fake.create(Resources.NODES, Things.node("n2"));
    await(
        "nodes are set up",
        () ->
            fake.stored(Resources.NODES).stream()
                .allMatch(node -> node.getSpec().getPodCIDR() != null));
    long began = System.nanoTime();
    for (int i = 0; i < 50; i++) {
      fake.create(Resources.PODS, Things.pod("p" + i));
    }
    await("all are bound", () -> bound().size() == 50);
    long tookMillis = (System.nanoTime() - began) / 1_000_000;
    Map<String, Long> perNode =
        bound().stream()
            .collect(Collectors.groupingBy(p -> p.getSpec().getNodeName(), Collectors.counting()));
    assertThat(perNode.get("n1")).isBetween(20L, 30L);
    assertThat(tookMillis).isLessThan(3000); // about 100 on an idle machine
    await(
        "events are there",
        () ->
            fake.stored(Resources.EVENTS).stream()
                    .filter(e -> e.getReason().equals("Scheduled"))
                    .count()
                == 50);
  }

  @Test
  void reportsAPodThatFitsNowhereAndPlacesItWhenANodeComes() {
    fake.create(Resources.PODS, Things.pod("p"));
    ObjectName name = new ObjectName("default", "p");
    await(
        "it is reported",
        () -> conditionMessage(name).equals("no nodes available to schedule pods"));
    fake.create(Resources.NODES, Things.node("n1"));
    await("it is bound", () -> bound().size() == 1);
  }

  @Test
  void triesAgainWhenABindingFails() {
    fake.create(Resources.NODES, Things.node("n1"));
    fake.failNext(FakeKubeApi.Verb.PATCH, new KubeException.Unavailable("bind", "later", null));
    fake.failNext(FakeKubeApi.Verb.PATCH, new KubeException.Unavailable("bind", "later", null));
    fake.create(Resources.PODS, Things.pod("p"));
    await("it is bound", () -> bound().size() == 1);
  }

  @Test
  void initializesANodeOnceTheAgentHasNamedItsAddress() {
    var node = Things.node("n1");
    node.getMetadata()
        .setAnnotations(Map.of("k3s.io/internal-ip", "10.0.0.1,fd00::1", "k3s.io/hostname", "box"));
    node.getSpec()
        .setTaints(
            List.of(
                new io.fabric8.kubernetes.api.model.Taint(
                    "NoSchedule", "node.cloudprovider.kubernetes.io/uninitialized", null, "true")));
    fake.create(Resources.NODES, node);
    ObjectName name = ObjectName.ofCluster("n1");
    await("taint is gone", () -> fake.get(Resources.NODES, name).getSpec().getTaints().isEmpty());
    var now = fake.get(Resources.NODES, name);
    assertThat(now.getSpec().getProviderID()).isEqualTo("k3s://n1");
    assertThat(now.getSpec().getPodCIDR()).isEqualTo("10.42.0.0/24");
    assertThat(now.getMetadata().getLabels())
        .containsEntry("node.kubernetes.io/instance-type", "k3s");
    assertThat(now.getStatus().getAddresses())
        .extracting(address -> address.getType() + " " + address.getAddress())
        .containsExactly("InternalIP 10.0.0.1", "InternalIP fd00::1", "Hostname box");
  }

  @Test
  void furnishesNamespacesAndThoseOfTheSystemComeByThemselves() {
    fake.create(
        Resources.NAMESPACES, Things.read(Namespace.class, "{'metadata': {'name': 'shop'}}"));
    for (String namespace : List.of("shop", "default", "kube-system", "kube-public")) {
      await(
          "CA in " + namespace,
          () ->
              api.stored(Resources.CONFIG_MAPS, new ObjectName(namespace, "kube-root-ca.crt"))
                  .filter(map -> map.getData().equals(Map.of("ca.crt", "the CA")))
                  .isPresent());
      assertThat(api.stored(Resources.SERVICE_ACCOUNTS, new ObjectName(namespace, "default")))
          .isPresent();
    }
  }

  @Test
  void emptiesADeletedNamespaceBeforeItGoes() {
    fake.create(
        Resources.NAMESPACES,
        Things.read(
            Namespace.class,
            "{'metadata': {'name': 'shop', 'finalizers': ['test/held']},"
                + " 'spec': {'finalizers': ['kubernetes']}}"));
    fake.create(
        Resources.SECRETS,
        Things.read(Secret.class, "{'metadata': {'name': 's', 'namespace': 'shop'}}"));
    ObjectName name = ObjectName.ofCluster("shop");
    await(
        "it is furnished",
        () ->
            api.stored(Resources.CONFIG_MAPS, new ObjectName("shop", "kube-root-ca.crt"))
                .isPresent());
    api.delete(Resources.NAMESPACES, name, DeleteRequest.DEFAULT);
    await("it is gone", () -> api.stored(Resources.NAMESPACES, name).isEmpty());
    assertThat(fake.stored(Resources.SECRETS)).isEmpty();
    assertThat(fake.stored(Resources.CONFIG_MAPS))
        .noneMatch(map -> map.getMetadata().getNamespace().equals("shop"));
  }

  @Test
  void tiesANodePasswordToItsNode() {
    fake.create(
        Resources.SECRETS,
        Things.read(
            Secret.class,
            "{'metadata': {'name': 'n1.node-password.k3s', 'namespace': 'kube-system'}}"));
    fake.create(Resources.NODES, Things.node("N1"));
    await(
        "it is owned",
        () ->
            fake
                .get(Resources.SECRETS, new ObjectName("kube-system", "n1.node-password.k3s"))
                .getMetadata()
                .getOwnerReferences()
                .stream()
                .anyMatch(owner -> owner.getName().equals("N1")));
  }

  private List<Pod> bound() {
    return fake.stored(Resources.PODS).stream()
        .filter(pod -> pod.getSpec().getNodeName() != null)
        .toList();
  }

  private String conditionMessage(ObjectName pod) {
    return fake.get(Resources.PODS, pod).getStatus().getConditions().stream()
        .filter(condition -> condition.getType().equals("PodScheduled"))
        .map(condition -> condition.getMessage())
        .findFirst()
        .orElse("");
  }
}
