package org.k3sjvm.server.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.k3sjvm.server.control.ServedApi.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.server.control.node.PodNetworks;
import org.k3sjvm.server.control.workload.DaemonSet;
import org.k3sjvm.server.control.workload.Job;
import org.k3sjvm.server.control.workload.StatefulSet;
import org.k3sjvm.server.control.workload.Workload;

/** DaemonSets, Jobs and StatefulSets with all controllers and kubelets that run pods at once. */
class NumberedAndEndingWorkloadsTest {
  private static final ObjectName X = new ObjectName("default", "x");

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
    kubelets.ends("true", true);
    kubelets.ends("false", false);
    group.start("controllers", new Controllers(api, config));
    group.start("kubelets", kubelets);
  }

  @AfterEach
  void stop() {
    group.close();
  }

  @Test
  void runsADaemonOnEachNodeThatWantsIt() {
    fake.create(Workload.DAEMON_SETS, read(DaemonSet.class, "", "busybox:1"));
    await("one is on each", () -> nodes("busybox:1").equals(List.of("n1", "n2")));
    fake.create(Resources.NODES, Things.node("n3"));
    await("one is on the new node", () -> nodes("busybox:1").equals(List.of("n1", "n2", "n3")));
    patch(
        Workload.DAEMON_SETS,
        "{'spec': {'template': {'spec': {'nodeSelector':"
            + " {'kubernetes.io/hostname': 'n2'}}}}}");
    await("one is left", () -> nodes("busybox:1").equals(List.of("n2")));
    patch(
        Workload.DAEMON_SETS,
        "{'spec': {'template': {'spec': {'containers':"
            + " [{'name': 'c', 'image': 'busybox:2'}]}}}}");
    await("it is new", () -> nodes("busybox:2").equals(List.of("n2")) && count() == 1);
    await(
        "it says so",
        () -> {
          DaemonSet.Status status = fake.get(Workload.DAEMON_SETS, X).status();
          return status != null
              && status.desiredNumberScheduled() == 1
              && status.updatedNumberScheduled() == 1
              && status.numberAvailable() == 1;
        });
  }

  @Test
  void runsAJobUntilEnoughHaveSucceeded() {
    fake.create(
        Workload.JOBS,
        read(Job.class, "'parallelism': 2, 'completions': 5, 'backoffLimit': 1,", "true"));
    await("it is complete", () -> fake.get(Workload.JOBS, X).ended().isPresent());
    Job job = fake.get(Workload.JOBS, X);
    assertThat(job.ended().orElseThrow().type()).isEqualTo("Complete");
    assertThat(job.status()).isNotNull();
    assertThat(count()).isEqualTo(5);
  }

  @Test
  void endsAJobWithTooManyFailures() {
    fake.create(Workload.JOBS, read(Job.class, "'completions': 1, 'backoffLimit': 0,", "false"));
    await(
        "it has failed",
        () ->
            fake.get(Workload.JOBS, X)
                .ended()
                .filter(end -> end.type().equals("Failed"))
                .filter(end -> "BackoffLimitExceeded".equals(end.reason()))
                .isPresent());
    assertThat(count()).isEqualTo(1);
  }

  @Test
  void givesEachPodOfAnIndexedJobItsIndex() {
    fake.create(
        Workload.JOBS,
        read(
            Job.class, "'completionMode': 'Indexed', 'parallelism': 2, 'completions': 3,", "true"));
    await("it is complete", () -> fake.get(Workload.JOBS, X).ended().isPresent());
    assertThat(fake.stored(Resources.PODS))
        .extracting(pod -> pod.getSpec().getContainers().getFirst().getEnv().getFirst().getValue())
        .containsExactlyInAnyOrder("0", "1", "2");
  }

  @Test
  void numbersThePodsOfAStatefulSetAndScalesFromTheEnd() {
    fake.create(
        Workload.STATEFUL_SETS,
        read(StatefulSet.class, "'replicas': 3, 'serviceName': 'db',", "busybox:1"));
    await("three run", () -> names().equals(List.of("x-0", "x-1", "x-2")));
    assertThat(fake.get(Resources.PODS, new ObjectName("default", "x-1")).getSpec())
        .returns("x-1", spec -> spec.getHostname())
        .returns("db", spec -> spec.getSubdomain());
    patch(Workload.STATEFUL_SETS, "{'spec': {'replicas': 1}}");
    await("one is left", () -> names().equals(List.of("x-0")));
    patch(
        Workload.STATEFUL_SETS,
        "{'spec': {'replicas': 2, 'template': {'spec': {'containers':"
            + " [{'name': 'c', 'image': 'busybox:2'}]}}}}");
    await(
        "two are new",
        () -> names().equals(List.of("x-0", "x-1")) && nodes("busybox:2").size() == 2);
    await(
        "it says so",
        () -> {
          StatefulSet.Status status = fake.get(Workload.STATEFUL_SETS, X).status();
          return status != null
              && status.updatedReplicas() == 2
              && status.readyReplicas() == 2
              && String.valueOf(status.currentRevision()).equals(status.updateRevision());
        });
  }

  @Test
  void waitsWithTheNextPodUntilTheOneBeforeIsReady() {
    kubelets.cannotRun("busybox:bad");
    fake.create(Workload.STATEFUL_SETS, read(StatefulSet.class, "'replicas': 3,", "busybox:bad"));
    await(
        "one has been created and says so",
        () -> {
          StatefulSet.Status status = fake.get(Workload.STATEFUL_SETS, X).status();
          return status != null && status.replicas() == 1;
        });
    assertThat(names()).containsExactly("x-0");
    patch(
        Workload.STATEFUL_SETS,
        "{'spec': {'template': {'spec': {'containers':"
            + " [{'name': 'c', 'image': 'busybox:1'}]}}}}");
    await("it is replaced and all run", () -> nodes("busybox:1").size() == 3);
  }

  private int count() {
    return fake.stored(Resources.PODS).size();
  }

  private List<String> names() {
    return fake.stored(Resources.PODS).stream()
        .map(pod -> pod.getMetadata().getName())
        .sorted()
        .toList();
  }

  private List<String> nodes(String image) {
    return fake.stored(Resources.PODS).stream()
        .filter(pod -> pod.getSpec().getContainers().getFirst().getImage().equals(image))
        .map(Pod::getSpec)
        .map(spec -> String.valueOf(spec.getNodeName()))
        .sorted()
        .toList();
  }

  private <T extends HasMetadata> void patch(Resource<T> kind, String text) {
    var _ =
        fake.patch(
            kind, X, new Patch.Strategic(KubeJson.read(text.replace('\'', '"'), JsonNode.class)));
  }

  private static <T extends HasMetadata> T read(Class<T> type, String more, String image) {
    return Things.read(
        type,
        """
        {'metadata': {'name': 'x', 'namespace': 'default', 'generation': 1}, 'spec': {%s
         'selector': {'matchLabels': {'app': 'x'}}, 'template': {'metadata':
         {'labels': {'app': 'x'}}, 'spec': {'containers': [{'name': 'c', 'image': '%s'}]}}}}
        """
            .formatted(more, image));
  }
}
