package org.k3sjvm.server.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.k3sjvm.server.control.ServedApi.await;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.local.LocalKubeApi;
import org.k3sjvm.server.api.registry.DeleteOptions;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.registry.ServiceRanges;
import org.k3sjvm.server.api.registry.Target;
import org.k3sjvm.server.control.node.PodNetworks;
import org.k3sjvm.server.control.workload.DaemonSet;
import org.k3sjvm.server.control.workload.Deployment;
import org.k3sjvm.server.control.workload.Job;
import org.k3sjvm.server.control.workload.StatefulSet;
import org.k3sjvm.server.control.workload.Workload;
import org.k3sjvm.server.store.ObjectStore;

/** All controllers over the real registry on SQLite; only the kubelets are fake. */
class ControllersOnStoreTest {
  private static final ObjectName WEB = new ObjectName("shop", "web");

  private final ServiceGroup group = ServiceGroup.open("test");
  private ObjectStore store;
  private Registry registry;
  private KubeApi api;
  private FakeKubelets kubelets;

  @BeforeEach
  void start(@TempDir Path directory) throws InterruptedException {
    InstantSource clock = InstantSource.system();
    store = ObjectStore.open(directory.resolve("state.db"));
    registry =
        new Registry(
            store, ServiceRanges.of(Cidr.parse("10.43.0.0/16")), clock, (_, _, _, _) -> {});
    api = new LocalKubeApi(registry, clock);
    ControlConfig config =
        new ControlConfig(
            PodNetworks.of(List.of(Cidr.parse("10.42.0.0/16"))), true, () -> "the CA");
    group.start("controllers", new Controllers(api, config));
    kubelets = new FakeKubelets(api);
    group.start("kubelets", kubelets);
    for (String name : List.of("n1", "n2")) {
      var _ = api.create(Resources.NODES, Things.node(name));
    }
    var _ =
        api.create(
            Resources.NAMESPACES, Things.read(Namespace.class, "{'metadata': {'name': 'shop'}}"));
    await("it has a service account", () -> has(Resources.SERVICE_ACCOUNTS, "default"));
  }

  @AfterEach
  void stop() {
    group.close();
    store.close();
  }

  @Test
  void runsAndRemovesADeploymentOfFiftyPods() throws InterruptedException {
    long began = System.nanoTime();
    var _ = api.create(Workload.DEPLOYMENTS, deployment(50));
    await("it is complete", () -> isComplete(50));
    assertThat(System.nanoTime() - began).isLessThan(10_000_000_000L);
    assertThat(list(Resources.PODS))
        .allMatch(pod -> pod.getSpec().getNodeName() != null)
        .allMatch(pod -> pod.getMetadata().getName().matches("web-[a-z0-9]+-[a-z0-9]{5}"));
    api.delete(Workload.DEPLOYMENTS, WEB, DeleteRequest.DEFAULT);
    await("all is gone", () -> list(Resources.PODS).isEmpty());
    assertThat(list(Workload.REPLICA_SETS)).isEmpty();
  }

  @Test
  void rollsToANewTemplate() throws InterruptedException {
    var _ = api.create(Workload.DEPLOYMENTS, deployment(3));
    await("it is complete", () -> isComplete(3));
    var _ =
        api.patch(
            Workload.DEPLOYMENTS,
            WEB,
            new Patch.Strategic(
                org.k3sjvm.kube.KubeJson.read(
                    "{\"spec\":{\"template\":{\"spec\":{\"containers\":"
                        + "[{\"name\":\"c\",\"image\":\"busybox:2\"}]}}}}",
                    com.fasterxml.jackson.databind.JsonNode.class)));
    await(
        "all are new",
        () ->
            isComplete(3)
                && list(Resources.PODS).size() == 3
                && list(Resources.PODS).stream().allMatch(ControllersOnStoreTest::isNew));
    assertThat(list(Workload.REPLICA_SETS)).hasSize(2);
  }

  @Test
  void removesANamespaceWithAllThatIsInIt() throws InterruptedException {
    var _ = api.create(Workload.DEPLOYMENTS, deployment(3));
    var _ =
        api.create(
            Resources.SERVICES,
            Things.read(
                Service.class,
                "{'metadata': {'name': 'web', 'namespace': 'shop'}, 'spec':"
                    + " {'selector': {'app': 'web'}, 'ports': [{'port': 80}]}}"));
    await("it is complete", () -> isComplete(3));
    await(
        "its pods are listed",
        () ->
            list(Resources.ENDPOINT_SLICES).stream()
                .anyMatch(slice -> slice.getEndpoints().size() == 3));
    api.delete(Resources.NAMESPACES, ObjectName.ofCluster("shop"), DeleteRequest.DEFAULT);
    await(
        "it is gone",
        () -> {
          try {
            return api.find(Resources.NAMESPACES, ObjectName.ofCluster("shop")).isEmpty();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    assertThat(list(Resources.PODS)).isEmpty();
    assertThat(list(Resources.ENDPOINT_SLICES)).isEmpty();
    assertThat(list(Workload.REPLICA_SETS)).isEmpty();
  }

  @Test
  void removesPodsBeforeTheirDeploymentWhenAskedTo() throws InterruptedException {
    var _ = api.create(Workload.DEPLOYMENTS, deployment(3));
    await("it is complete", () -> isComplete(3));
    var _ =
        registry.delete(
            Target.self(Kinds.DEPLOYMENT, "shop"),
            "web",
            new DeleteOptions(
                OptionalLong.empty(),
                Optional.empty(),
                Optional.empty(),
                DeleteOptions.Propagation.FOREGROUND));
    await(
        "it is gone",
        () -> {
          boolean present = has(Workload.DEPLOYMENTS, "web");
          assertThat(present || list(Resources.PODS).isEmpty()).isTrue();
          return !present;
        });
    assertThat(list(Workload.REPLICA_SETS)).isEmpty();
  }

  @Test
  void leavesPodsBehindWhenAskedTo() throws InterruptedException {
    var _ = api.create(Workload.DEPLOYMENTS, deployment(2));
    await("it is complete", () -> isComplete(2));
    var _ =
        registry.delete(
            Target.self(Kinds.DEPLOYMENT, "shop"),
            "web",
            new DeleteOptions(
                OptionalLong.empty(),
                Optional.empty(),
                Optional.empty(),
                DeleteOptions.Propagation.ORPHAN));
    await("it is gone", () -> !has(Workload.DEPLOYMENTS, "web"));
    assertThat(list(Workload.REPLICA_SETS)).hasSize(1);
    assertThat(list(Resources.PODS)).hasSize(2);
  }

  @Test
  void runsDaemonsJobsAndNumberedPods() throws InterruptedException {
    kubelets.ends("true", true);
    var _ = api.create(Workload.DAEMON_SETS, read(DaemonSet.class, "d", selector("d"), "b:1"));
    var _ =
        api.create(
            Workload.STATEFUL_SETS,
            read(StatefulSet.class, "s", selector("s") + " 'replicas': 2,", "b:1"));
    var _ = api.create(Workload.JOBS, read(Job.class, "j", "'completions': 3,", "true"));
    await(
        "a daemon runs on each node",
        () ->
            list(Workload.DAEMON_SETS).stream()
                .map(DaemonSet::status)
                .anyMatch(status -> status != null && status.numberAvailable() == 2));
    await("numbered pods run", () -> has(Resources.PODS, "s-0") && has(Resources.PODS, "s-1"));
    await(
        "the job is complete",
        () -> list(Workload.JOBS).stream().anyMatch(job -> job.ended().isPresent()));
    Job job = list(Workload.JOBS).getFirst();
    assertThat(job.ended().orElseThrow().type()).isEqualTo("Complete");
    api.delete(Workload.JOBS, ObjectName.of(job), DeleteRequest.DEFAULT);
    await("its pods are gone", () -> list(Resources.PODS).size() == 4);
  }

  private static String selector(String app) {
    return "'selector': {'matchLabels': {'app': '" + app + "'}},";
  }

  private static <T extends HasMetadata> T read(
      Class<T> type, String name, String spec, String image) {
    return Things.read(
        type,
        """
        {'metadata': {'name': '%s', 'namespace': 'shop'}, 'spec': {%s 'template': {'metadata':
         {'labels': {'app': '%s'}}, 'spec': {%s 'containers': [{'name': 'c', 'image': '%s'}]}}}}
        """
            .formatted(
                name, spec, name, type == Job.class ? "'restartPolicy': 'Never'," : "", image));
  }

  private static boolean isNew(Pod pod) {
    return pod.getSpec().getContainers().getFirst().getImage().equals("busybox:2");
  }

  private boolean isComplete(int replicas) {
    return list(Workload.DEPLOYMENTS).stream()
        .map(Deployment::observed)
        .anyMatch(
            status ->
                status.replicas() == replicas
                    && status.updatedReplicas() == replicas
                    && status.availableReplicas() == replicas);
  }

  private <T extends HasMetadata> boolean has(Resource<T> resource, String name) {
    return list(resource).stream().anyMatch(one -> one.getMetadata().getName().equals(name));
  }

  private <T extends HasMetadata> List<T> list(Resource<T> resource) {
    try {
      return api.list(resource, ListRequest.newest(Selection.inNamespace("shop"))).items();
    } catch (KubeException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Deployment deployment(int replicas) {
    return Things.read(
        Deployment.class,
        """
        {'metadata': {'name': 'web', 'namespace': 'shop'}, 'spec': {
         'replicas': %d, 'selector': {'matchLabels': {'app': 'web'}}, 'template': {'metadata':
         {'labels': {'app': 'web'}}, 'spec': {'containers': [{'name': 'c', 'image': 'busybox:1'}]}}}}
        """
            .formatted(replicas));
  }
}
