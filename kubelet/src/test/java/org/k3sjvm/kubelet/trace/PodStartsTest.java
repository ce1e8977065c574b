package org.k3sjvm.kubelet.trace;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.k3sjvm.kubelet.pod.DesiredPod;

class PodStartsTest {
  private long nanos;
  private final PodStarts starts =
      new PodStarts(InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z")), () -> nanos);

  @Test
  void eachStepIsTimedFromTheOneBeforeIt() {
    DesiredPod pod = pod("a");
    starts.seen(pod);
    reach(pod, StartStep.PREPARED, 2);
    reach(pod, StartStep.SANDBOX, 300);
    reach(pod, StartStep.STARTED, 350);
    reach(pod, StartStep.READY, 360);
    starts.reached(pod.uid(), StartStep.CONFIRMED);

    PodStart start = starts.recent().getFirst();
    assertThat(start.after()).containsEntry(StartStep.READY, Duration.ofMillis(360));
    assertThat(start.took(StartStep.SANDBOX)).contains(Duration.ofMillis(298));
    assertThat(start.took(StartStep.VOLUMES)).isEmpty();
    assertThat(start.took(StartStep.CONFIRMED)).contains(Duration.ZERO);
  }

  @Test
  void aRestartAfterReadyIsNoPartOfTheStart() {
    DesiredPod pod = pod("a");
    starts.seen(pod);
    reach(pod, StartStep.STARTED, 5);
    reach(pod, StartStep.READY, 6);
    reach(pod, StartStep.STARTED, 9000);
    reach(pod, StartStep.READY, 9001);

    assertThat(starts.recent().getFirst().after())
        .isEqualTo(
            Map.of(StartStep.STARTED, Duration.ofMillis(5), StartStep.READY, Duration.ofMillis(6)));
  }

  @Test
  void podsThatRanBeforeTheKubeletAreNotTimed() {
    Pod running = new PodBuilder(pod("a").pod()).withNewStatus().endStatus().build();
    running.getStatus().setStartTime("2025-12-31T00:00:00Z");
    starts.seen(DesiredPod.of(running));
    assertThat(starts.recent()).isEmpty();
  }

  @Test
  void onlyTheNewestAreKept() {
    for (int i = 0; i < 1000; i++) {
      starts.seen(pod("p" + i));
    }
    assertThat(starts.recent()).hasSize(256);
    assertThat(starts.recent().getLast().name()).isEqualTo("p999");
  }

  @Test
  void metricsHoldTheWholeAndItsSteps() {
    DesiredPod pod = pod("a");
    starts.seen(pod);
    reach(pod, StartStep.SANDBOX, 1500);
    reach(pod, StartStep.READY, 2500);

    assertThat(starts.metrics().lines())
        .contains(
            "kubelet_pod_start_duration_seconds_bucket{le=\"2\"} 0",
            "kubelet_pod_start_duration_seconds_bucket{le=\"3\"} 1",
            "kubelet_pod_start_duration_seconds_count 1",
            "kubelet_pod_start_duration_seconds_sum 2.5",
            "k3s_pod_start_step_seconds_total{step=\"sandbox\"} 1.5",
            "k3s_pod_start_step_seconds_total{step=\"ready\"} 1.0");
  }

  private void reach(DesiredPod pod, StartStep step, long millis) {
    nanos = Duration.ofMillis(millis).toNanos();
    starts.reached(pod.uid(), step);
  }

  private static DesiredPod pod(String name) {
    return DesiredPod.of(
        new PodBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace("default")
            .withUid(name + "-uid")
            .endMetadata()
            .withNewSpec()
            .endSpec()
            .build());
  }
}
