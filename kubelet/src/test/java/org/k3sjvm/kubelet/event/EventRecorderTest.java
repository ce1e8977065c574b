package org.k3sjvm.kubelet.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kube.testing.FakeKubeApi.Verb;
import org.k3sjvm.kubelet.Eventually;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodEvent;

class EventRecorderTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00.5Z");
  private static final ObjectReference POD =
      new ObjectReferenceBuilder().withKind("Pod").withNamespace("d").withName("web").build();

  private final EventCorrelator correlator = new EventCorrelator();
  private final FakeKubeApi api = new FakeKubeApi();
  private final EventRecorder recorder =
      new EventRecorder(api, "n1", InstantSource.fixed(NOW), _ -> {});
  private final ServiceGroup group = ServiceGroup.open("test");

  @AfterEach
  void stop() {
    group.close();
  }

  @Test
  void theSameAgainCountsUp() {
    EventCorrelator.Entry first = correlate("same", NOW).orElseThrow();
    EventCorrelator.Entry again = correlate("same", NOW.plusSeconds(60)).orElseThrow();

    assertThat(again.name()).isEqualTo(first.name());
    assertThat(again.count()).isEqualTo(2);
    assertThat(again.first()).isEqualTo(NOW);
    assertThat(again.last()).isEqualTo(NOW.plusSeconds(60));
  }

  @Test
  void theEventOfAPodWithTheLongestNameHasANameThatIsAllowed() {
    ObjectReference longest = new ObjectReferenceBuilder(POD).withName("n".repeat(253)).build();

    EventCorrelator.Entry entry =
        correlator.on(longest, PodEvent.warning("Failed", "m"), NOW).orElseThrow();

    assertThat(entry.name()).hasSizeLessThanOrEqualTo(253);
  }

  @Test
  void manyThatDifferInWordsBecomeOne() {
    List<EventCorrelator.Entry> all =
        IntStream.range(0, 12).mapToObj(i -> correlate("words " + i, NOW).orElseThrow()).toList();

    assertThat(all.subList(0, 9)).allMatch(e -> e.count() == 1);
    assertThat(all.get(8).message()).isEqualTo("words 8");
    assertThat(all.get(9).message()).isEqualTo("(combined from similar events): words 9");
    assertThat(all.get(11).name()).isEqualTo(all.get(9).name());
    assertThat(all.get(11).count()).isEqualTo(3);
    assertThat(correlate("later", NOW.plus(Duration.ofMinutes(11))).orElseThrow().message())
        .isEqualTo("later");
  }

  @ParameterizedTest
  @CsvSource({"0, 25", "300, 26", "1500, 30"})
  void anObjectThatCausesManyIsCutShort(int secondsLater, int granted) {
    long first = IntStream.range(0, 40).filter(_ -> correlate("x", NOW).isPresent()).count();
    long then =
        IntStream.range(0, 40)
            .filter(_ -> correlate("x", NOW.plusSeconds(secondsLater)).isPresent())
            .count();

    assertThat(first + then).isEqualTo(granted);
  }

  @Test
  void tellsOfAContainerByItsName() {
    group.start("events", recorder);
    String id = "0123456789abcdef".repeat(4);

    record(
        "FailedPreStopHook", "cannot exec in " + id + " of sha256:" + id, "spec.containers{app}");

    Event event = only();
    assertThat(event.getMessage()).isEqualTo("cannot exec in app of sha256:" + id);
    assertThat(event.getInvolvedObject().getFieldPath()).isEqualTo("spec.containers{app}");
    assertThat(event.getSource().getComponent()).isEqualTo("kubelet");
    assertThat(event.getSource().getHost()).isEqualTo("n1");
    assertThat(event.getReportingInstance()).isEqualTo("n1");
    assertThat(event.getFirstTimestamp()).isEqualTo("2026-01-01T12:00:00Z");
    assertThat(event.getCount()).isEqualTo(1);
    assertThat(event.getMetadata().getName()).startsWith("web.");
  }

  @Test
  void oneThatTheServerForgotIsMadeAgain() {
    group.start("events", recorder);
    record("BackOff", "same", "");
    Event first = only();
    api.delete(
        Resources.EVENTS,
        ObjectName.of(first),
        new DeleteRequest(Optional.empty(), Optional.empty()));

    record("BackOff", "same", "");

    Eventually.holds(
        Duration.ofSeconds(10),
        () -> api.stored(Resources.EVENTS).size() == 1,
        () -> api.requests().toString());
    assertThat(api.stored(Resources.EVENTS).getFirst().getCount()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({"403, 1", "409, 1", "422, 1", "503, 2", "429, 2"})
  void refusedOnesAreDroppedAndOthersTriedAgain(int code, int tries) {
    api.failNext(Verb.CREATE, KubeException.of("create", code, "", "no", Optional.empty()));
    group.start("events", recorder);

    record("Failed", "words", "");
    record("Started", "fence", "");

    Eventually.holds(
        Duration.ofSeconds(10),
        () -> api.stored(Resources.EVENTS).stream().anyMatch(e -> e.getMessage().equals("fence")),
        () -> api.requests().toString());
    assertThat(api.count(Verb.CREATE, "")).isEqualTo(tries + 1);
  }

  @Test
  void aFullQueueDropsAndNobodyWaits() {
    for (int i = 0; i < 5000; i++) {
      record("Started", "words " + i, "");
    }
    group.start("events", recorder);

    Eventually.holds(
        Duration.ofSeconds(10),
        () -> !api.stored(Resources.EVENTS).isEmpty(),
        () -> api.requests().toString());
  }

  @Test
  void waitsAsLongAsAThrottlingServerAsksIfThatIsNotLong() throws Exception {
    BlockingQueue<Duration> waits = new LinkedBlockingQueue<>();
    EventRecorder patient = new EventRecorder(api, "n1", InstantSource.fixed(NOW), waits::add);
    api.failNext(Verb.CREATE, new KubeException.Throttled("create", "slow", Duration.ofSeconds(3)));
    api.failNext(Verb.CREATE, new KubeException.Throttled("create", "slow", Duration.ofDays(3)));
    group.start("events", patient);

    patient.recordOfNode(PodEvent.warning("Failed", "words"));

    assertThat(waits.poll(10, TimeUnit.SECONDS)).isEqualTo(Duration.ofSeconds(3));
    assertThat(waits.poll(10, TimeUnit.SECONDS)).isEqualTo(Duration.ofMinutes(1));
    assertThat(only().getMessage()).isEqualTo("words");
  }

  @Test
  void anEventThatWaitsHoldsUpHalfOfTheObjectsAtMost() throws Exception {
    CountDownLatch waiting = new CountDownLatch(1);
    EventRecorder held =
        new EventRecorder(
            api,
            "n1",
            InstantSource.fixed(NOW),
            _ -> {
              waiting.countDown();
              new CountDownLatch(1).await();
            });
    api.failNext(Verb.CREATE, KubeException.of("create", 503, "", "no", Optional.empty()));
    group.start("events", held);
    held.record(pod("u0"), PodEvent.warning("Failed", "held up"));
    waiting.await();

    for (int i = 1; i < 10; i++) {
      held.record(pod("u" + i), PodEvent.warning("Failed", "of u" + i));
    }

    Eventually.holds(
        Duration.ofSeconds(10),
        () -> api.stored(Resources.EVENTS).size() == 5,
        () -> api.requests().toString());
  }

  private Optional<EventCorrelator.Entry> correlate(String message, Instant at) {
    return correlator.on(POD, PodEvent.warning("BackOff", message), at);
  }

  private void record(String reason, String message, String field) {
    recorder.record(pod("u"), new PodEvent(PodEvent.Type.WARNING, reason, message, field));
  }

  private static DesiredPod pod(String uid) {
    return DesiredPod.of(
        new PodBuilder()
            .withNewMetadata()
            .withName("web")
            .withNamespace("d")
            .withUid(uid)
            .endMetadata()
            .withNewSpec()
            .endSpec()
            .build());
  }

  private Event only() {
    Eventually.holds(
        Duration.ofSeconds(10),
        () -> !api.stored(Resources.EVENTS).isEmpty(),
        () -> api.requests().toString());
    return api.stored(Resources.EVENTS).getFirst();
  }
}
