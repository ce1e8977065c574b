package org.k3sjvm.kubelet.resize;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.pod.PodUid;

class ResizeDeskTest {
  private final List<String> events = new ArrayList<>();
  private final List<Pod> holding = new ArrayList<>();
  private final LinkedBlockingQueue<DesiredPod> updates = new LinkedBlockingQueue<>();
  private boolean swaps;

  private final ResizeDesk desk =
      new ResizeDesk(
          new ResizeDesk.Node() {
            @Override
            public Map<String, Quantity> allocatable() {
              return Map.of("cpu", Quantity.parse("2"), "memory", Quantity.parse("4Gi"));
            }

            @Override
            public List<Pod> holding() {
              return holding;
            }

            @Override
            public boolean swaps(DesiredPod pod) {
              return swaps;
            }

            @Override
            public void event(DesiredPod pod, PodEvent event) {
              events.add(event.reason() + " " + event.message());
            }

            @Override
            public void update(DesiredPod pod) {
              updates.add(pod);
            }
          },
          InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z")));

  private static DesiredPod pod(String uid, String cpu, String memory, long generation) {
    return DesiredPod.of(
        new PodBuilder()
            .withNewMetadata()
            .withName(uid)
            .withNamespace("default")
            .withUid(uid)
            .withGeneration(generation)
            .endMetadata()
            .withNewSpec()
            .addNewContainer()
            .withName("c")
            .withNewResources()
            .addToRequests("cpu", Quantity.parse(cpu))
            .addToRequests("memory", Quantity.parse(memory))
            .endResources()
            .endContainer()
            .endSpec()
            .build());
  }

  private static String cpu(DesiredPod pod) {
    Container c = pod.pod().getSpec().getContainers().getFirst();
    return String.valueOf(c.getResources().getRequests().get("cpu"));
  }

  private static Optional<PodCondition> pending(DesiredPod pod) {
    return pod.pod().getStatus() == null
        ? Optional.empty()
        : pod.pod().getStatus().getConditions().stream()
            .filter(c -> c.getType().equals("PodResizePending"))
            .findFirst();
  }

  private DesiredPod settle(DesiredPod pod) {
    DesiredPod settled = desk.settle(pod);
    holding.removeIf(p -> p.getMetadata().getUid().equals(pod.uid().value()));
    holding.add(settled.pod());
    return settled;
  }

  @Test
  void whatFitsIsGrantedAndTold() {
    settle(pod("a", "500m", "1Gi", 1));
    DesiredPod now = settle(pod("a", "1", "1Gi", 2));
    assertThat(cpu(now)).isEqualTo("1");
    assertThat(pending(now)).isEmpty();
    assertThat(events)
        .containsExactly(
            "ResizeStarted Pod resize started: {\"containers\":[{\"name\":\"c\",\"resources\":"
                + "{\"requests\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}}}],\"generation\":2}");
  }

  @Test
  void whatOthersHoldIsDeferredUntilTheyFreeIt() throws InterruptedException {
    settle(pod("a", "500m", "1Gi", 1));
    settle(pod("b", "1", "1Gi", 1));
    DesiredPod waits = settle(pod("a", "1500m", "1Gi", 2));
    assertThat(cpu(waits)).isEqualTo("500m");
    assertThat(pending(waits))
        .hasValueSatisfying(
            c -> {
              assertThat(c.getReason()).isEqualTo("Deferred");
              assertThat(c.getObservedGeneration()).isEqualTo(2);
              assertThat(c.getMessage())
                  .isEqualTo(
                      "Node didn't have enough resource: cpu, requested: 1500, used: 1000,"
                          + " capacity: 2000");
            });
    settle(pod("a", "1500m", "1Gi", 2));
    assertThat(events).hasSize(1).first().asString().startsWith("ResizeDeferred Pod resize Defer");

    holding.removeIf(p -> p.getMetadata().getUid().equals("b"));
    Thread desks = Thread.ofVirtual().start(this::run);
    desk.forget(new PodUid("b"));
    DesiredPod granted = updates.poll(10, TimeUnit.SECONDS);
    desks.interrupt();
    desks.join();
    assertThat(granted).isNotNull();
    assertThat(cpu(granted)).isEqualTo("1500m");
    assertThat(pending(granted)).isEmpty();
  }

  private void run() {
    try {
      desk.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aWaitingPodThatWantsItsOldResourcesAgainWaitsNoMore() {
    settle(pod("a", "500m", "1Gi", 1));
    assertThat(pending(settle(pod("a", "4", "1Gi", 2)))).isPresent();
    DesiredPod back = settle(pod("a", "500m", "1Gi", 3));
    assertThat(pending(back)).isEmpty();
  }

  @Test
  void lessIsAlwaysGrantedAlsoOnAFullNode() {
    settle(pod("a", "3", "1Gi", 1));
    DesiredPod now = settle(pod("a", "2500m", "1Gi", 2));
    assertThat(cpu(now)).isEqualTo("2500m");
  }

  @Test
  void memoryOfAContainerThatSwapsCannotChangeWhileItRuns() {
    settle(pod("a", "1", "1Gi", 1));
    swaps = true;
    assertThat(pending(settle(pod("a", "1", "2Gi", 2))))
        .hasValueSatisfying(
            c -> {
              assertThat(c.getReason()).isEqualTo("Infeasible");
              assertThat(c.getMessage())
                  .isEqualTo("In-place resize of containers with swap is not supported.");
            });
  }
}
