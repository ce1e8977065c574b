package org.k3sjvm.kubelet.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.k3sjvm.kubelet.admission.PodFixtures.NODE;
import static org.k3sjvm.kubelet.admission.PodFixtures.asking;
import static org.k3sjvm.kubelet.admission.PodFixtures.critical;
import static org.k3sjvm.kubelet.admission.PodFixtures.fixed;
import static org.k3sjvm.kubelet.admission.PodFixtures.pod;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.kubelet.Eventually;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.pod.PodReport;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.pod.PodWishes;
import org.k3sjvm.kubelet.resources.AllocatedPods;
import org.k3sjvm.kubelet.source.PodListener;

class GatekeeperTest {
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00.5Z");

  @TempDir private Path root;

  private final FakeWorkers workers = new FakeWorkers();
  private final List<String> told = new CopyOnWriteArrayList<>();
  private final List<PodReport> reports = new CopyOnWriteArrayList<>();
  private ServiceGroup group;
  private Gatekeeper gatekeeper;
  private AllocatedPods allocated;
  private PodListener source;
  private volatile Optional<Node> live = Optional.empty();

  @BeforeEach
  void start() {
    allocated = AllocatedPods.open(root);
    gatekeeper =
        new Gatekeeper(
            workers, new Told(), new FakeNode(), Sysctls.SAFE_ONLY, allocated, () -> NOW, 2);
    source = gatekeeper.listener();
    group = ServiceGroup.open("test");
    group.start("gatekeeper", gatekeeper);
  }

  @AfterEach
  void stop() throws InterruptedException {
    group.close();
  }

  @Test
  void twoPodsThatComeAtOnceDoNotShareWhatOnlyOneCanHave() throws InterruptedException {
    source.update(DesiredPod.of(asking("a", "1500m")));
    source.update(DesiredPod.of(asking("b", "1500m")));

    awaitTold("reported b Failed OutOfcpu");
    assertThat(workers.has()).containsExactly("a");
    assertThat(told).contains("event b OutOfcpu");
    PodReport report = reports.getFirst();
    assertThat(report.status().getMessage())
        .isEqualTo(
            "Pod was rejected: Node didn't have enough resource: cpu, requested: 1500, used: 1500,"
                + " capacity: 2000");
    assertThat(report.status().getStartTime()).isEqualTo("2026-01-01T00:00:00Z");
    assertThat(report.status().getQosClass()).isEqualTo("Burstable");
  }

  @Test
  void anEndingPodKeepsItsResourcesUntilNothingOfItRuns() throws InterruptedException {
    source.update(DesiredPod.of(asking("a", "1500m")));
    source.update(deleting(asking("a", "1500m")));
    source.update(DesiredPod.of(asking("b", "1500m")));
    awaitTold("reported b Failed OutOfcpu");

    workers.stopped("a");
    source.update(DesiredPod.of(asking("c", "1500m")));

    awaitWorkers("a", "c");
  }

  @Test
  void aPodThatMakesNoSenseIsRefusedAndTheNextOneTaken() throws InterruptedException {
    source.update(DesiredPod.of(asking("nonsense", "many")));
    source.update(DesiredPod.of(asking("a", "1")));

    awaitTold("reported nonsense Failed UnexpectedAdmissionError");
    awaitWorkers("a");
  }

  @Test
  void aRefusedPodIsClearedAwayWhenItIsDeleted() throws InterruptedException {
    source.update(DesiredPod.of(asking("b", "5")));
    awaitTold("reported b Failed OutOfcpu");
    source.update(
        DesiredPod.of(
            new PodBuilder(asking("b", "5"))
                .editMetadata()
                .addToLabels("a", "b")
                .endMetadata()
                .build()));
    source.update(deleting(asking("b", "5")));

    awaitWorkers("b");
    assertThat(workers.newest("b").deleting()).isTrue();
    assertThat(workers.newest("b").pod().getStatus().getReason()).isEqualTo("OutOfcpu");
  }

  @Test
  void podsThatAreOverOrBeingDeletedAreNotAsked() throws InterruptedException {
    Pod over =
        new PodBuilder(asking("over", "5"))
            .withNewStatus()
            .withPhase("Succeeded")
            .endStatus()
            .build();
    source.update(DesiredPod.of(over));
    source.update(deleting(asking("going", "5")));

    awaitWorkers("going", "over");
    assertThat(reports).isEmpty();
  }

  @Test
  void aPodThatTheNodeTookBeforeKeepsWhatItWasGiven() throws InterruptedException {
    allocated.set(new PodUid("a"), AllocatedPods.Allocation.of(asking("a", "500m").getSpec()));
    source.update(DesiredPod.of(asking("a", "9")));
    source.update(DesiredPod.of(asking("b", "1500m")));

    awaitWorkers("a", "b");
  }

  @Test
  void theNodeIsLookedAtAgainBeforeItsLabelsRefuseAPod() throws InterruptedException {
    live =
        Optional.of(
            new NodeBuilder().withNewMetadata().addToLabels("zone", "b").endMetadata().build());
    source.update(
        DesiredPod.of(pod("p").editSpec().addToNodeSelector("zone", "b").endSpec().build()));

    awaitWorkers("p");
  }

  @Test
  void aCriticalPodStartsWhenItsVictimsHaveEnded() throws InterruptedException {
    source.update(DesiredPod.of(asking("victim", "2")));
    source.update(DesiredPod.of(critical(asking("p", "1"))));

    awaitTold("event victim Preempting");
    awaitTold("kill victim Preempting");
    assertThat(workers.has()).containsExactly("victim");
    source.update(DesiredPod.of(asking("late", "1500m")));
    awaitTold("reported late Failed OutOfcpu");

    workers.stopped("victim");
    gatekeeper.reported(new PodUid("victim"));

    awaitWorkers("p", "victim");
  }

  @Test
  void aWaitingPodThatIsDeletedNeverStarts() throws InterruptedException {
    source.update(DesiredPod.of(asking("victim", "2")));
    source.update(DesiredPod.of(critical(asking("p", "1"))));
    awaitTold("kill victim Preempting");

    source.removed(new PodUid("p"));
    awaitTold("forget p");
    workers.gone("victim");
    gatekeeper.gone(new PodUid("victim"));
    source.update(DesiredPod.of(asking("next", "2")));

    awaitWorkers("next");
  }

  @Test
  void aNewVersionOfAStaticPodStartsWhenTheOldOneIsGone() throws InterruptedException {
    source.update(DesiredPod.of(version("v1")));
    awaitTold("began v1");
    source.removed(new PodUid("v1"));
    source.update(DesiredPod.of(version("v2")));
    source.update(DesiredPod.of(asking("other", "1")));
    awaitWorkers("other", "v1");

    workers.stopped("v1");
    gatekeeper.reported(new PodUid("v1"));
    source.update(DesiredPod.of(asking("another", "100m")));
    awaitWorkers("another", "other", "v1");

    workers.gone("v1");
    gatekeeper.gone(new PodUid("v1"));
    awaitWorkers("another", "other", "v2");
    assertThat(told).contains("ended v1", "began v2");
  }

  @Test
  void aStaticPodThatIsWantedAgainWhileItEndsStartsAnew() throws InterruptedException {
    source.update(DesiredPod.of(version("v1")));
    source.removed(new PodUid("v1"));
    source.update(DesiredPod.of(version("v1")));
    source.update(DesiredPod.of(pod("x").build()));
    awaitWorkers("v1", "x");
    assertThat(workers.updates("v1")).isEqualTo(1);

    workers.gone("v1");
    gatekeeper.gone(new PodUid("v1"));

    Eventually.holds(PATIENCE, () -> workers.updates("v1") == 2, told::toString);
  }

  @Test
  void aPodThatWasRefusedBeforeTheAgentStartedStaysAsItIs() throws InterruptedException {
    Pod refused = pod("r").withNewStatus().withPhase("Failed").endStatus().build();
    source.update(DesiredPod.of(refused));
    source.update(DesiredPod.of(pod("x").build()));
    awaitWorkers("x");

    source.update(deleting(refused));

    awaitWorkers("r", "x");
  }

  @Test
  void isReadyWhenEverySourceHasTold() throws InterruptedException {
    source.synced();
    source.update(DesiredPod.of(pod("x").build()));
    awaitWorkers("x");
    assertThat(gatekeeper.ready().isOpen()).isFalse();

    source.synced();
    assertThat(gatekeeper.ready().await(PATIENCE)).isPresent();
  }

  private static Pod version(String uid) {
    Pod pod = fixed(pod(uid).build());
    pod.getMetadata().setName("static-n1");
    return pod;
  }

  private static DesiredPod deleting(Pod pod) {
    return DesiredPod.of(
        new PodBuilder(pod)
            .editMetadata()
            .withDeletionTimestamp("2026-01-01T00:00:00Z")
            .endMetadata()
            .build());
  }

  private void awaitTold(String what) {
    Eventually.holds(PATIENCE, () -> told.contains(what), told::toString);
  }

  private void awaitWorkers(String... names) {
    Eventually.holds(
        PATIENCE, () -> workers.has().equals(List.of(names)), () -> workers.has().toString());
  }

  private final class FakeNode implements Gatekeeper.NodeView {
    @Override
    public NodeFacts facts() {
      return NODE;
    }

    @Override
    public Optional<Node> live() {
      return live;
    }

    @Override
    public NodeFacts facts(Node node) {
      return new NodeFacts(
          "n1", node.getMetadata().getLabels(), List.of(), NODE.allocatable(), false, false);
    }
  }

  private final class FakeWorkers implements Gatekeeper.Workers {
    private final List<DesiredPod> updates = new ArrayList<>();
    private final Set<PodUid> known = new HashSet<>();
    private final Set<PodUid> holding = new HashSet<>();

    @Override
    public synchronized void update(DesiredPod pod) {
      updates.add(pod);
      if (known.add(pod.uid())) {
        holding.add(pod.uid());
      }
    }

    @Override
    public void removed(PodUid uid) {
      told.add("removed " + uid.value());
    }

    @Override
    public void kill(PodUid uid, PodWishes.Kill kill) {
      told.add("kill " + uid.value() + " " + kill.reason().reason());
    }

    @Override
    public synchronized boolean knows(PodUid uid) {
      return known.contains(uid);
    }

    @Override
    public synchronized boolean holds(PodUid uid) {
      return holding.contains(uid);
    }

    synchronized void stopped(String uid) {
      holding.remove(new PodUid(uid));
    }

    synchronized void gone(String uid) {
      holding.remove(new PodUid(uid));
      known.remove(new PodUid(uid));
    }

    synchronized List<String> has() {
      return known.stream().map(PodUid::value).sorted().toList();
    }

    synchronized DesiredPod newest(String uid) {
      return updates.stream()
          .filter(p -> p.uid().value().equals(uid))
          .reduce((_, b) -> b)
          .orElseThrow();
    }

    synchronized long updates(String uid) {
      return updates.stream().filter(p -> p.uid().value().equals(uid)).count();
    }
  }

  private final class Told implements Gatekeeper.Output {
    @Override
    public void report(PodReport report) {
      reports.add(report);
      told.add(
          "reported %s %s %s"
              .formatted(
                  report.desired().name(),
                  report.status().getPhase(),
                  report.status().getReason()));
    }

    @Override
    public void event(DesiredPod pod, PodEvent event) {
      told.add("event " + pod.name() + " " + event.reason());
    }

    @Override
    public void forget(DesiredPod pod) {
      told.add("forget " + pod.name());
    }

    @Override
    public void began(DesiredPod pod) {
      told.add("began " + pod.uid().value());
    }

    @Override
    public void ended(DesiredPod pod) {
      told.add("ended " + pod.uid().value());
    }
  }
}
