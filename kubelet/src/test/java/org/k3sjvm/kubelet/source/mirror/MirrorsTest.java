package org.k3sjvm.kubelet.source.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.lifetime.Gate;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Reflector;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kubelet.Eventually;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodReport;
import org.k3sjvm.kubelet.pod.PodUid;

class MirrorsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final ObjectName NAME = new ObjectName("default", "web-n1");
  private static final Node NODE =
      new NodeBuilder().withNewMetadata().withName("n1").withUid("node-uid").endMetadata().build();

  private final FakeKubeApi api = new FakeKubeApi();
  private final List<PodReport> reports = new CopyOnWriteArrayList<>();
  private final List<PodUid> forgotten = new CopyOnWriteArrayList<>();
  private final Gate<Boolean> sources = new Gate<>("sources");
  private Mirrors mirrors;
  private ServiceGroup group;

  @BeforeEach
  void start() {
    mirrors = new Mirrors(api, () -> Optional.of(NODE), reports::add, forgotten::add, sources);
    group = ServiceGroup.open("test");
    group.start("mirrors", mirrors);
    group.start(
        "watch",
        new Reflector<>(api, Resources.PODS, Selection.byField("spec.nodeName=n1"), this::on));
  }

  @AfterEach
  void stop() throws InterruptedException {
    group.close();
  }

  @Test
  void aStaticPodGetsAMirrorThatBelongsToTheNode() {
    sources.open(true);
    mirrors.began(version("h1"));

    Pod mirror = awaitMirror("h1");
    assertThat(mirror.getMetadata().getUid()).isNotEqualTo("h1");
    assertThat(mirror.getMetadata().getAnnotations())
        .containsEntry("kubernetes.io/config.hash", "h1")
        .containsEntry("kubernetes.io/config.source", "file");
    assertThat(mirror.getMetadata().getOwnerReferences())
        .singleElement()
        .matches(
            o -> o.getKind().equals("Node") && o.getUid().equals("node-uid") && o.getController());
  }

  @Test
  void whatTheWorkerReportsIsToldOfTheMirror() {
    sources.open(true);
    mirrors.began(version("h1"));
    mirrors.report(new PodReport(version("h1"), phase("Running"), true));

    Pod mirror = awaitMirror("h1");
    Eventually.holds(PATIENCE, () -> !reports.isEmpty(), () -> "no report");
    PodReport report = reports.getLast();
    assertThat(report.desired().uid().value()).isEqualTo(mirror.getMetadata().getUid());
    assertThat(report.status().getPhase()).isEqualTo("Running");
    assertThat(report.finished()).isFalse();
  }

  @Test
  void aMirrorThatSomebodyDeletesIsMadeAgain() throws InterruptedException {
    sources.open(true);
    mirrors.began(version("h1"));
    String first = awaitMirror("h1").getMetadata().getUid();

    api.delete(Resources.PODS, NAME, DeleteRequest.DEFAULT);
    Eventually.holds(
        PATIENCE,
        () -> stored().filter(p -> !p.getMetadata().getUid().equals(first)).isPresent(),
        () -> stored().toString());
    assertThat(forgotten).contains(new PodUid(first));
  }

  @Test
  void aNewVersionReplacesTheMirrorAndTheEndTakesItAway() {
    sources.open(true);
    mirrors.began(version("h1"));
    awaitMirror("h1");
    mirrors.ended(version("h1"));
    mirrors.began(version("h2"));
    awaitMirror("h2");

    mirrors.ended(version("h1"));
    mirrors.ended(version("h2"));
    Eventually.holds(PATIENCE, () -> stored().isEmpty(), () -> stored().toString());
  }

  @Test
  void amirrorWithoutItsPodGoesOnceAllSourcesAreKnown() throws InterruptedException {
    Pod orphan =
        new PodBuilder(version("h0").pod())
            .editMetadata()
            .withUid(null)
            .addToAnnotations("kubernetes.io/config.mirror", "h0")
            .endMetadata()
            .build();
    api.create(Resources.PODS, orphan);
    assertThat(stored()).isPresent();

    sources.open(true);

    Eventually.holds(PATIENCE, () -> stored().isEmpty(), () -> stored().toString());
  }

  private void on(ReflectorEvent<Pod> event) {
    switch (event) {
      case ReflectorEvent.Added<Pod>(Pod pod) -> mirrors.update(DesiredPod.of(pod));
      case ReflectorEvent.Modified<Pod>(Pod pod) -> mirrors.update(DesiredPod.of(pod));
      case ReflectorEvent.Deleted<Pod>(var _, String uid) -> mirrors.removed(new PodUid(uid));
      case ReflectorEvent.Synced<Pod> _, ReflectorEvent.Recalled<Pod> _ -> {}
    }
  }

  private Pod awaitMirror(String hash) {
    Eventually.holds(
        PATIENCE,
        () ->
            stored()
                .filter(
                    p ->
                        hash.equals(
                            p.getMetadata().getAnnotations().get("kubernetes.io/config.mirror")))
                .isPresent(),
        () -> stored().toString());
    return stored().orElseThrow();
  }

  private Optional<Pod> stored() {
    return api.stored(Resources.PODS).stream().findFirst();
  }

  private static PodStatus phase(String phase) {
    PodStatus status = new PodStatus();
    status.setPhase(phase);
    return status;
  }

  private static DesiredPod version(String hash) {
    return DesiredPod.of(
        new PodBuilder()
            .withNewMetadata()
            .withName("web-n1")
            .withNamespace("default")
            .withUid(hash)
            .addToAnnotations("kubernetes.io/config.hash", hash)
            .addToAnnotations("kubernetes.io/config.source", "file")
            .endMetadata()
            .withNewSpec()
            .withNodeName("n1")
            .addNewContainer()
            .withName("c")
            .withImage("i")
            .endContainer()
            .endSpec()
            .build());
  }
}
