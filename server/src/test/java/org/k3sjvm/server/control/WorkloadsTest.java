package org.k3sjvm.server.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.k3sjvm.server.control.ServedApi.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.server.control.node.PodNetworks;
import org.k3sjvm.server.control.workload.Deployment;
import org.k3sjvm.server.control.workload.ReplicaSet;
import org.k3sjvm.server.control.workload.Workload;

/** Workloads with all controllers and kubelets that run pods at once. */
class WorkloadsTest {
  private static final ObjectName WEB = new ObjectName("default", "web");

  private final FakeKubeApi fake = new FakeKubeApi();
  private final ServedApi api = new ServedApi(fake);
  private final FakeKubelets kubelets = new FakeKubelets(api);
  private final ServiceGroup group = ServiceGroup.open("test");

  @BeforeEach
  void start() {
    ControlConfig config =
        new ControlConfig(
            PodNetworks.of(List.of(Cidr.parse("10.42.0.0/16"))), true, () -> "the CA");
    fake.create(Resources.NODES, Things.node("n1"));
    fake.create(Resources.NODES, Things.node("n2"));
    group.start("controllers", new Controllers(api, config));
    group.start("kubelets", kubelets);
  }

  @AfterEach
  void stop() {
    group.close();
  }

  @Test
  void runsADeploymentToTheEndOfItsRollout() {
    fake.create(Workload.DEPLOYMENTS, deployment(3, "busybox:1"));
    await("it is complete", () -> isComplete(3));
    Deployment.Status status = fake.get(Workload.DEPLOYMENTS, WEB).observed();
    assertThat(status.observedGeneration()).isEqualTo(1);
    assertThat(status.conditions())
        .extracting(c -> c.type() + " " + c.status() + " " + c.reason())
        .containsExactly(
            "Available True MinimumReplicasAvailable", "Progressing True NewReplicaSetAvailable");
    assertThat(pods("busybox:1")).hasSize(3);
    Pod pod = pods("busybox:1").getFirst();
    assertThat(pod.getMetadata().getLabels()).containsKeys("app", "pod-template-hash");
    assertThat(pod.getMetadata().getOwnerReferences().getFirst().getKind()).isEqualTo("ReplicaSet");
  }

  @Test
  void rollsToANewTemplateKeepsTheOldSetAndGoesBack() {
    fake.create(Workload.DEPLOYMENTS, deployment(4, "busybox:1"));
    await("it is complete", () -> isComplete(4));
    setImage("busybox:2");
    await("all are new", () -> pods("busybox:2").size() == 4 && pods("busybox:1").isEmpty());
    await("it is complete", () -> isComplete(4) && revision().equals("2"));
    assertThat(fake.stored(Workload.REPLICA_SETS)).hasSize(2);
    setImage("busybox:1");
    await("all are old", () -> pods("busybox:1").size() == 4 && pods("busybox:2").isEmpty());
    await("it is revision 3", () -> revision().equals("3"));
    assertThat(fake.stored(Workload.REPLICA_SETS)).hasSize(2);
  }

  @Test
  void stopsARolloutWhoseNewPodsDoNotBecomeReady() {
    kubelets.cannotRun("busybox:bad");
    fake.create(Workload.DEPLOYMENTS, deployment(4, "busybox:1"));
    await("it is complete", () -> isComplete(4));
    setImage("busybox:bad");
    await(
        "one old has gone, two new have come",
        () -> pods("busybox:bad").size() == 2 && pods("busybox:1").size() == 3);
    await(
        "it says so",
        () -> {
          Deployment.Status status = fake.get(Workload.DEPLOYMENTS, WEB).observed();
          return status.updatedReplicas() == 2 && status.availableReplicas() == 3;
        });
  }

  @Test
  void scalesUpAndDownToNothing() {
    fake.create(Workload.DEPLOYMENTS, deployment(1, "busybox:1"));
    await("it is complete", () -> isComplete(1));
    scale(50);
    await("50 run", () -> isComplete(50));
    scale(0);
    await("none run", () -> pods("busybox:1").isEmpty() && isComplete(0));
  }

  @Test
  void endsAllOldPodsFirstWhenTheStrategyIsRecreate() {
    Deployment deployment = deployment(2, "busybox:1", "'strategy': {'type': 'Recreate'}, ");
    fake.create(Workload.DEPLOYMENTS, deployment);
    await("it is complete", () -> isComplete(2));
    setImage("busybox:2");
    await("all are new", () -> pods("busybox:2").size() == 2 && isComplete(2));
    List<String> order =
        fake.stored(Resources.EVENTS).stream()
            .filter(e -> e.getReason().equals("ScalingReplicaSet"))
            .map(e -> e.getMessage().replaceAll("web-[a-z0-9]+", "web"))
            .toList();
    assertThat(order)
        .containsExactlyInAnyOrder(
            "Scaled up replica set web from 0 to 2",
            "Scaled down replica set web from 2 to 0",
            "Scaled up replica set web from 0 to 2");
  }

  @Test
  void leavesAPausedDeploymentAsItIs() {
    fake.create(Workload.DEPLOYMENTS, deployment(2, "busybox:1"));
    await("it is complete", () -> isComplete(2));
    patch(
        "{'spec': {'paused': true, 'template': {'spec': {'containers':"
            + " [{'name': 'c', 'image': 'busybox:2'}]}}}}");
    await(
        "it says so",
        () ->
            fake.get(Workload.DEPLOYMENTS, WEB)
                .observed()
                .condition("Progressing")
                .filter(c -> "DeploymentPaused".equals(c.reason()))
                .isPresent());
    assertThat(fake.stored(Workload.REPLICA_SETS)).hasSize(1);
    patch("{'spec': {'paused': false}}");
    await("all are new", () -> pods("busybox:2").size() == 2 && isComplete(2));
  }

  @Test
  void replacesAPodThatIsDeletedOrRelabelled() {
    fake.create(Workload.DEPLOYMENTS, deployment(2, "busybox:1"));
    await("it is complete", () -> isComplete(2));
    ObjectName first = ObjectName.of(pods("busybox:1").getFirst());
    api.delete(Resources.PODS, first, DeleteRequest.DEFAULT);
    await(
        "another runs",
        () ->
            pods("busybox:1").stream().noneMatch(pod -> ObjectName.of(pod).equals(first))
                && isComplete(2));
    ObjectName second = ObjectName.of(pods("busybox:1").getFirst());
    fake.patch(
        Resources.PODS, second, new Patch.Merge(json("{'metadata': {'labels': {'app': 'x'}}}")));
    await("a third runs", () -> pods("busybox:1").size() == 3);
    await(
        "it is free",
        () -> fake.get(Resources.PODS, second).getMetadata().getOwnerReferences().isEmpty());
  }

  @Test
  void takesInAPodThatMatchesAReplicaSet() {
    fake.create(
        Resources.PODS, Things.labelled(Things.pod("lonely"), java.util.Map.of("app", "web")));
    fake.create(
        Workload.REPLICA_SETS,
        Things.read(
            ReplicaSet.class,
            """
        {'metadata': {'name': 'web', 'namespace': 'default', 'generation': 1}, 'spec': {'replicas': 2,
         'selector': {'matchLabels': {'app': 'web'}}, 'template': {'metadata':
         {'labels': {'app': 'web'}}, 'spec': {'containers': [{'name': 'c', 'image': 'b'}]}}}}
        """));
    await(
        "two are ready",
        () ->
            Optional.ofNullable(fake.get(Workload.REPLICA_SETS, WEB).status())
                .filter(status -> status.readyReplicas() == 2)
                .isPresent());
    assertThat(fake.stored(Resources.PODS))
        .hasSize(2)
        .allMatch(pod -> pod.getMetadata().getOwnerReferences().getFirst().getName().equals("web"));
  }

  @Test
  void takesPodsAwayWithTheirDeployment() {
    fake.create(Workload.DEPLOYMENTS, deployment(5, "busybox:1"));
    await("it is complete", () -> isComplete(5));
    api.delete(Workload.DEPLOYMENTS, WEB, DeleteRequest.DEFAULT);
    await("all is gone", () -> nothingIsLeft());
  }

  @Test
  void takesPodsAwayBeforeTheirDeploymentWhenAskedTo() {
    fake.create(Workload.DEPLOYMENTS, deployment(3, "busybox:1"));
    await("it is complete", () -> isComplete(3));
    patch("{'metadata': {'finalizers': ['foregroundDeletion']}}");
    api.delete(Workload.DEPLOYMENTS, WEB, DeleteRequest.DEFAULT);
    await(
        "it is gone",
        () -> {
          boolean present = api.stored(Workload.DEPLOYMENTS, WEB).isPresent();
          assertThat(present || nothingIsLeft()).isTrue();
          return !present;
        });
  }

  @Test
  void leavesPodsBehindWhenAskedTo() {
    fake.create(Workload.DEPLOYMENTS, deployment(2, "busybox:1"));
    await("it is complete", () -> isComplete(2));
    patch("{'metadata': {'finalizers': ['orphan']}}");
    api.delete(Workload.DEPLOYMENTS, WEB, DeleteRequest.DEFAULT);
    await("it is gone", () -> api.stored(Workload.DEPLOYMENTS, WEB).isEmpty());
    assertThat(fake.stored(Workload.REPLICA_SETS))
        .hasSize(1)
        .allMatch(set -> set.metadata().getOwnerReferences().isEmpty());
    assertThat(pods("busybox:1")).hasSize(2);
    fake.create(Workload.DEPLOYMENTS, deployment(2, "busybox:1"));
    await("it takes them in again", () -> isComplete(2));
    assertThat(fake.stored(Workload.REPLICA_SETS)).hasSize(1);
  }

  @Test
  void listsTheReadyPodsOfAService() {
    fake.create(
        Resources.SERVICES,
        Things.read(
            io.fabric8.kubernetes.api.model.Service.class,
            "{'metadata': {'name': 'web', 'namespace': 'default'}, 'spec': {'clusterIP':"
                + " '10.43.0.9', 'selector': {'app': 'web'}, 'ports': [{'port': 80}]}}"));
    fake.create(Workload.DEPLOYMENTS, deployment(3, "busybox:1"));
    await("three are in the slice", () -> ready() == 3);
    assertThat(fake.stored(Resources.ENDPOINT_SLICES)).hasSize(1);
    await(
        "old endpoints are there",
        () ->
            api.stored(org.k3sjvm.server.control.endpoint.EndpointReconciler.ENDPOINTS, WEB)
                .filter(one -> one.getSubsets().size() == 1)
                .filter(one -> one.getSubsets().getFirst().getAddresses().size() == 3)
                .isPresent());
    scale(1);
    await("one is in the slice", () -> ready() == 1);
    api.delete(Resources.SERVICES, WEB, DeleteRequest.DEFAULT);
    await("it is gone", () -> fake.stored(Resources.ENDPOINT_SLICES).isEmpty());
  }

  private long ready() {
    return fake.stored(Resources.ENDPOINT_SLICES).stream()
        .flatMap(slice -> slice.getEndpoints().stream())
        .filter(endpoint -> endpoint.getConditions().getReady())
        .count();
  }

  private boolean nothingIsLeft() {
    return fake.stored(Workload.DEPLOYMENTS).isEmpty()
        && fake.stored(Workload.REPLICA_SETS).isEmpty()
        && fake.stored(Resources.PODS).isEmpty();
  }

  private boolean isComplete(int replicas) {
    Deployment.Status status = fake.get(Workload.DEPLOYMENTS, WEB).observed();
    return status.replicas() == replicas
        && status.updatedReplicas() == replicas
        && status.availableReplicas() == replicas
        && status.unavailableReplicas() == 0;
  }

  private String revision() {
    return fake.get(Workload.DEPLOYMENTS, WEB)
        .metadata()
        .getAnnotations()
        .getOrDefault("deployment.kubernetes.io/revision", "");
  }

  private List<Pod> pods(String image) {
    return fake.stored(Resources.PODS).stream()
        .filter(pod -> pod.getSpec().getContainers().getFirst().getImage().equals(image))
        .toList();
  }

  private void setImage(String image) {
    patch(
        "{'spec': {'template': {'spec': {'containers': [{'name': 'c', 'image': '"
            + image
            + "'}]}}}}");
  }

  private void scale(int replicas) {
    patch("{'spec': {'replicas': " + replicas + "}}");
  }

  private void patch(String text) {
    fake.patch(Workload.DEPLOYMENTS, WEB, new Patch.Strategic(json(text)));
  }

  private static JsonNode json(String text) {
    return KubeJson.read(text.replace('\'', '"'), JsonNode.class);
  }

  private static Deployment deployment(int replicas, String image) {
    return deployment(replicas, image, "");
  }

  private static Deployment deployment(int replicas, String image, String more) {
    return Things.read(
        Deployment.class,
        """
        {'metadata': {'name': 'web', 'namespace': 'default', 'generation': 1}, 'spec': {%s
         'replicas': %d, 'selector': {'matchLabels': {'app': 'web'}}, 'template': {'metadata':
         {'labels': {'app': 'web'}}, 'spec': {'containers': [{'name': 'c', 'image': '%s'}]}}}}
        """
            .formatted(more, replicas, image));
  }
}
