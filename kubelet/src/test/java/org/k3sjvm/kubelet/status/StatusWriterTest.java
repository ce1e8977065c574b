package org.k3sjvm.kubelet.status;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Patch;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.kube.testing.FakeKubeApi.Verb;
import org.k3sjvm.kubelet.Eventually;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodReport;
import org.k3sjvm.kubelet.pod.PodUid;

class StatusWriterTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final ObjectName NAME = new ObjectName("default", "web");
  private static final Duration SHORT = Duration.ofMillis(20);

  private final FakeKubeApi api = new FakeKubeApi();
  private final StatusWriter writer =
      new StatusWriter(api, InstantSource.system(), new StatusWriter.Pace(SHORT, SHORT, SHORT));
  private final ServiceGroup group = ServiceGroup.open("test");
  private Pod pod = api.create(Resources.PODS, pod());

  @AfterEach
  void stop() {
    group.close();
  }

  @Test
  void manyReportsAreOneRequest() {
    for (int i = 0; i < 50; i++) {
      writer.report(report(status("Pending").withMessage("m" + i).build()));
    }
    writer.report(report(status("Running").build()));
    group.start("writer", writer);

    await(() -> "Running".equals(stored().getPhase()));
    assertThat(api.count(Verb.PATCH_STATUS, "")).isEqualTo(1);
    assertThat(api.count(Verb.GET, "")).isZero();
  }

  @Test
  void whatTheServerHasIsNotSent() {
    group.start("writer", writer);
    writer.report(report(status("Running").build()));
    await(() -> "Running".equals(stored().getPhase()));

    writer.report(report(status("Running").build()));
    writer.report(report(status("Failed").build()));

    await(() -> "Failed".equals(stored().getPhase()));
    assertThat(api.count(Verb.PATCH_STATUS, "")).isEqualTo(2);
  }

  @Test
  void partsOfOthersStayAndOwnPartsThatAreGoneGo() {
    overwrite(
        """
        {"status": {"nominatedNodeName": "n2", "resourceClaimStatuses": [{"name": "gpu"}],
         "podIPs": [{"ip": "10.42.0.9"}], "conditions": [
          {"type": "gate", "status": "True"},
          {"type": "DisruptionTarget", "status": "True"},
          {"type": "PodResizePending", "status": "True"},
          {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "x"}]}}
        """);
    pod = api.get(Resources.PODS, NAME);
    group.start("writer", writer);

    writer.report(
        report(
            status("Running")
                .addNewPodIP("10.42.0.5")
                .addNewCondition()
                .withType("Ready")
                .withStatus("True")
                .endCondition()
                .build()));

    await(() -> "Running".equals(stored().getPhase()));
    assertThat(stored().getNominatedNodeName()).isEqualTo("n2");
    assertThat(stored().getResourceClaimStatuses()).hasSize(1);
    assertThat(stored().getPodIPs()).extracting(i -> i.getIp()).containsExactly("10.42.0.5");
    assertThat(stored().getConditions())
        .extracting(PodCondition::getType)
        .containsExactlyInAnyOrder("gate", "DisruptionTarget", "Ready");
    PodCondition ready = condition("Ready");
    assertThat(ready.getStatus()).isEqualTo("True");
    assertThat(ready.getReason()).isNull();
    assertThat(ready.getMessage()).isNull();
  }

  @Test
  void whatOthersOverwriteIsWrittenAgain() {
    group.start("writer", writer);
    writer.report(report(status("Running").withMessage("ours").build()));
    await(() -> "ours".equals(stored().getMessage()));
    assertThat(writer.seen(api.get(Resources.PODS, NAME))).isFalse();
    long before = api.count(Verb.PATCH_STATUS, "");

    overwrite("{\"status\": {\"message\": \"theirs\"}}");
    assertThat(writer.seen(api.get(Resources.PODS, NAME))).isFalse();

    await(() -> "ours".equals(stored().getMessage()));
    assertThat(api.count(Verb.PATCH_STATUS, "")).isEqualTo(before + 2);
  }

  @Test
  void fieldsThatTheServerDropsAreNotSentForEver() {
    group.start("writer", writer);
    writer.report(report(status("Running").withObservedGeneration(3L).build()));
    await(() -> "Running".equals(stored().getPhase()));
    overwrite("{\"status\": {\"observedGeneration\": null}}");
    Pod dropped = api.get(Resources.PODS, NAME);
    PodEntry entry = new PodEntry(report(status("Running").build()), "wanted");

    entry.agreed("wanted", "{}", Optional.of(dropped));

    assertThat(entry.settled()).isTrue();
  }

  @Test
  void anEndThatAnotherToldIsNotTakenBack() {
    group.start("writer", writer);
    writer.report(report(status("Running").build()));
    await(() -> "Running".equals(stored().getPhase()));

    overwrite("{\"status\": {\"phase\": \"Failed\"}}");

    assertThat(writer.seen(api.get(Resources.PODS, NAME))).isTrue();
    writer.report(report(status("Running").withMessage("late").build()));
    writer.report(report(status("Failed").withMessage("known").build()));
    await(() -> "known".equals(stored().getMessage()));
    assertThat(stored().getPhase()).isEqualTo("Failed");
  }

  @Test
  void theObjectOfADeletedPodGoesOnceItsEndWasTold() {
    group.start("writer", writer);

    writer.report(new PodReport(DesiredPod.of(pod), status("Succeeded").build(), true));

    await(() -> api.stored(Resources.PODS).isEmpty());
    assertThat(api.requests().stream().map(FakeKubeApi.Request::verb))
        .containsSubsequence(Verb.PATCH_STATUS, Verb.DELETE);
  }

  @Test
  void anotherPodOfTheSameNameIsLeftAlone() {
    Pod older = new PodBuilder(pod).editMetadata().withUid("older").endMetadata().build();
    api.failNext(Verb.PATCH_STATUS, new KubeException.Conflict("patch", "uid"));
    group.start("writer", writer);

    writer.report(new PodReport(DesiredPod.of(older), status("Failed").build(), true));

    await(() -> api.count(Verb.GET, "") == 1);
    writer.report(report(status("Running").build()));
    await(() -> "Running".equals(stored().getPhase()));
    assertThat(api.count(Verb.DELETE, "")).isZero();
  }

  @ParameterizedTest
  @CsvSource({"unavailable", "conflict"})
  void aFailureIsTriedAgainUntilItIsTaken(String failure) {
    for (int i = 0; i < 3; i++) {
      api.failNext(
          Verb.PATCH_STATUS,
          failure.equals("conflict")
              ? new KubeException.Conflict("patch", "busy")
              : new KubeException.Unavailable("patch", "away", null));
    }
    group.start("writer", writer);

    writer.report(report(status("Running").build()));

    await(() -> "Running".equals(stored().getPhase()));
  }

  @Test
  void onePodThatIsRefusedDoesNotHoldUpOthers() {
    for (int i = 0; i < 8; i++) {
      Pod bad =
          new PodBuilder(pod)
              .editMetadata()
              .withName("no-" + i)
              .withUid("no" + i)
              .endMetadata()
              .build();
      api.failNext(Verb.PATCH_STATUS, new KubeException.Invalid("patch", "rubbish"));
      writer.report(new PodReport(DesiredPod.of(bad), status("Running").build(), false));
    }
    group.start("writer", writer);
    await(() -> api.requests().stream().filter(r -> r.verb() == Verb.PATCH_STATUS).count() >= 8);

    writer.report(report(status("Running").build()));

    await(() -> "Running".equals(stored().getPhase()));
  }

  @Test
  void aPatchNamesOnlyWhatDiffers() {
    JsonNode server = StatusPatch.owned(status("Running").withMessage("m").withHostIP("h").build());
    JsonNode wanted = StatusPatch.owned(status("Failed").withHostIP("h").build());

    assertThat(StatusPatch.between(new PodUid("u"), server, wanted).orElseThrow())
        .hasToString(
            "{\"metadata\":{\"uid\":\"u\"},\"status\":{\"phase\":\"Failed\",\"message\":null}}");
    assertThat(StatusPatch.between(new PodUid("u"), wanted, wanted)).isEmpty();
  }

  private PodReport report(PodStatus status) {
    return new PodReport(DesiredPod.of(pod), status, false);
  }

  private static PodStatusBuilder status(String phase) {
    return new PodStatusBuilder().withPhase(phase);
  }

  private void overwrite(String patch) {
    api.patchStatus(
        Resources.PODS, NAME, new Patch.Strategic(KubeJson.read(patch, JsonNode.class)));
  }

  private PodStatus stored() {
    PodStatus status = api.stored(Resources.PODS).getFirst().getStatus();
    return status == null ? new PodStatus() : status;
  }

  private PodCondition condition(String type) {
    return stored().getConditions().stream()
        .filter(c -> c.getType().equals(type))
        .findFirst()
        .orElseThrow();
  }

  private void await(BooleanSupplier condition) {
    Eventually.holds(PATIENCE, condition, () -> api.requests().toString());
  }

  private static Pod pod() {
    return new PodBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("app")
        .endContainer()
        .endSpec()
        .build();
  }
}
