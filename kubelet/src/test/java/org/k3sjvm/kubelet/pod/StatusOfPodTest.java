package org.k3sjvm.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.cri.ContainerState;

class StatusOfPodTest {
  private static final PodPhase TERMINATED =
      new PodPhase.Terminated(Looks.NOW, TerminationReason.FINISHED);

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        // policy, prepare, mesh, app, other, terminal, phase; r running, s started sidecar,
        // w waiting, wN waiting after exit N, tN exit N
        "Always,    -,  -, w,  -,  false, Pending",
        "Always,    -,  -, r,  -,  false, Running",
        "Always,    -,  -, r,  w,  false, Pending",
        "Always,    -,  -, r,  t1, false, Running",
        "Always,    -,  -, t0, t0, false, Running",
        "Always,    -,  -, t0, t0, true,  Succeeded",
        "Always,    -,  -, t0, w1, true,  Failed",
        "Always,    -,  -, w1, -,  false, Running",
        "OnFailure, -,  -, t0, t0, false, Succeeded",
        "OnFailure, -,  -, t0, t1, false, Running",
        "Never,     -,  -, t0, t1, false, Failed",
        "Never,     -,  -, t0, t0, false, Succeeded",
        "Never,     -,  -, r,  t1, false, Running",
        "Always,    r,  -, w,  -,  false, Pending",
        "Always,    w1, -, w,  -,  false, Pending",
        "Never,     t1, -, w,  -,  false, Failed",
        "OnFailure, t1, -, w,  -,  false, Pending",
        "Always,    t0, -, r,  -,  false, Running",
        "Always,    w,  -, w,  -,  false, Pending",
        "Always,    -,  r, w,  -,  false, Pending",
        "Always,    -,  s, r,  -,  false, Running",
        "Never,     -,  s, t0, -,  false, Running",
        "Never,     -,  t1, t0, -, false, Succeeded",
        "Always,    -,  w, r,  -,  false, Pending",
        "Always,    -,  w1, r, -,  false, Running"
      })
  void thePhaseFollowsFromContainers(
      String policy,
      String prepare,
      String mesh,
      String app,
      String other,
      boolean terminal,
      String phase) {
    PodBuilder pod = ContainerStatusesTest.pod(prepare != null, policy);
    List<ContainerStatus> init = new ArrayList<>();
    List<ContainerStatus> regular = new ArrayList<>(List.of(status("app", app)));
    if (prepare != null) {
      init.add(status("prepare", prepare));
    }
    if (mesh != null) {
      pod.editSpec()
          .addNewInitContainer()
          .withName("mesh")
          .withRestartPolicy("Always")
          .endInitContainer()
          .endSpec();
      init.add(status("mesh", mesh));
    }
    if (other != null) {
      pod.editSpec().addNewContainer().withName("other").endContainer().endSpec();
      regular.add(status("other", other));
    }
    boolean begun = !app.equals("w");

    assertThat(PhaseOfPod.of(DesiredPod.of(pod.build()), init, regular, begun, terminal))
        .isEqualTo(phase);
  }

  @Test
  void anEndIsToldOnlyOnceNothingRuns() {
    Looks look =
        look("Never").sandbox(true, "10.42.0.5").container("app", ContainerState.EXITED, 0, 0);
    look.last.setPhase("Running");
    look.phase = new PodPhase.Terminating(Looks.NOW, TerminationReason.FINISHED);
    assertThat(look.status().getPhase()).isEqualTo("Running");

    look.phase = TERMINATED;
    assertThat(look.status().getPhase()).isEqualTo("Succeeded");
  }

  @Test
  void anEndIsNeverTakenBackWhoeverToldIt() {
    Pod pod =
        new PodBuilder(ContainerStatusesTest.podOf("Always"))
            .withNewStatus()
            .withPhase("Failed")
            .withReason("Lost")
            .endStatus()
            .build();
    Looks look =
        new Looks(pod).sandbox(true, "10.42.0.5").container("app", ContainerState.RUNNING, 0, 0);

    assertThat(look.status().getPhase()).isEqualTo("Failed");
    assertThat(look.status().getReason()).isEqualTo("Lost");
    assertThat(condition(look.status(), "Ready").getReason()).isEqualTo("PodFailed");
  }

  @Test
  void aPodThatTheNodeEndsSaysWhyWhenItHasEnded() {
    Looks look =
        look("Always").sandbox(true, "10.42.0.5").container("app", ContainerState.EXITED, 0, 0);
    look.last.setPhase("Running");
    TerminationReason evicted = TerminationReason.killed("Evicted", "The node was low on disk");
    look.phase = new PodPhase.Terminating(Looks.NOW, evicted);
    assertThat(look.status().getReason()).isNull();
    assertThat(find(look.status(), "DisruptionTarget")).isEmpty();

    look.phase = new PodPhase.Terminated(Looks.NOW, evicted);
    assertThat(look.status().getPhase()).isEqualTo("Failed");
    assertThat(look.status().getReason()).isEqualTo("Evicted");
    assertThat(condition(look.status(), "DisruptionTarget").getReason())
        .isEqualTo("TerminationByKubelet");
    assertThat(condition(look.status(), "DisruptionTarget").getMessage())
        .isEqualTo("The node was low on disk");
  }

  @Test
  void aRefusedPodTellsOfNoContainers() {
    Looks look = look("Always");
    look.phase =
        new PodPhase.Terminated(
            Looks.NOW, TerminationReason.killed("OutOfcpu", "Pod was rejected: no cpu"));

    PodStatus status = look.status();

    assertThat(status.getPhase()).isEqualTo("Failed");
    assertThat(status.getReason()).isEqualTo("OutOfcpu");
    assertThat(status.getContainerStatuses()).isEmpty();
    assertThat(status.getStartTime()).isEqualTo("2026-01-01T12:00:00Z");
    assertThat(status.getConditions())
        .extracting(PodCondition::getType)
        .containsExactly("PodScheduled");
  }

  @ParameterizedTest
  @CsvSource({"false, terminated", "true, waiting"})
  void containersThatNeverRanFailWithThePodUnlessItWasStillInitializing(
      boolean withInit, String app) {
    Looks look = new Looks(ContainerStatusesTest.pod(withInit, "Always").build());
    look.phase = TERMINATED;
    look.last.setPhase("Pending");

    PodStatus status = look.status();

    boolean waits = status.getContainerStatuses().getFirst().getState().getWaiting() != null;
    assertThat(waits).isEqualTo(app.equals("waiting"));
    if (withInit) {
      assertThat(
              status.getInitContainerStatuses().getFirst().getState().getTerminated().getReason())
          .isEqualTo("ContainerStatusUnknown");
    }
    assertThat(status.getPhase()).isEqualTo("Failed");
  }

  @Test
  void anEndThatNothingFollowsIsNotTakenBack() {
    Looks look =
        look("Never").sandbox(true, "10.42.0.5").container("app", ContainerState.EXITED, 0, 0);
    look.last = look.status();
    Looks later =
        look("Never").sandbox(true, "10.42.0.5").container("app", ContainerState.CREATED, 1, 0);
    later.last = look.last;

    assertThat(later.status()).isSameAs(look.last);
  }

  @Test
  void conditionsTellWhatIsMissing() {
    Looks look =
        new Looks(ContainerStatusesTest.pod(true, "Always").build())
            .sandbox(true, "10.42.0.5")
            .container("prepare", ContainerState.RUNNING, 0, 0);

    PodStatus status = look.status();

    assertThat(status.getConditions())
        .extracting(PodCondition::getType)
        .containsExactly(
            "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled");
    assertThat(condition(status, "PodReadyToStartContainers").getStatus()).isEqualTo("True");
    assertThat(condition(status, "Initialized").getReason()).isEqualTo("ContainersNotInitialized");
    assertThat(condition(status, "Initialized").getMessage())
        .isEqualTo("containers with incomplete status: [prepare]");
    assertThat(condition(status, "Ready").getReason()).isEqualTo("ContainersNotReady");
    assertThat(condition(status, "Ready").getMessage())
        .isEqualTo("containers with unready status: [app]");
    assertThat(status.getConditions())
        .allSatisfy(c -> assertThat(c.getObservedGeneration()).isEqualTo(4))
        .allSatisfy(c -> assertThat(c.getLastProbeTime()).isNull());
    assertThat(status.getObservedGeneration()).isEqualTo(4);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "      | False | corresponding condition of pod readiness gate \"gate\" does not exist.",
        "False | False | the status of pod readiness gate \"gate\" is not \"True\", but False",
        "True  | True  |"
      })
  void readinessGatesAreAskedLast(String gate, String ready, String message) {
    PodBuilder pod = ContainerStatusesTest.pod(false, "Always");
    pod.editSpec().addNewReadinessGate("gate").endSpec();
    if (gate != null) {
      pod.withNewStatus()
          .addNewCondition()
          .withType("gate")
          .withStatus(gate)
          .endCondition()
          .endStatus();
    }
    PodStatus status =
        new Looks(pod.build())
            .sandbox(true, "10.42.0.5")
            .container("app", ContainerState.RUNNING, 0, 0)
            .status();

    assertThat(condition(status, "ContainersReady").getStatus()).isEqualTo("True");
    assertThat(condition(status, "Ready").getStatus()).isEqualTo(ready);
    assertThat(condition(status, "Ready").getMessage()).isEqualTo(message);
  }

  @Test
  void timesChangeOnlyWithWhatTheyAreOf() {
    Looks look =
        look("Always").sandbox(true, "10.42.0.5").container("app", ContainerState.RUNNING, 0, 0);
    PodStatus first = look.status();
    look.last = first;
    look.now = Looks.NOW.plusSeconds(100);

    assertThat(look.status()).isEqualTo(first);
    assertThat(first.getStartTime()).isEqualTo("2026-01-01T12:00:00Z");
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.1,            10.42.0.5 fd42::5 10.42.0.6, 10.42.0.5 fd42::5",
    "fd00::1,             10.42.0.5 fd42:0::5,         fd42::5 10.42.0.5",
    "10.0.0.1,            fd42::5,                     fd42::5",
    "10.0.0.1,            rubbish 10.42.0.5,           10.42.0.5"
  })
  void addressesFollowTheNodesFamily(String node, String sandbox, String told) {
    Looks look = look("Always").sandbox(true, sandbox.split(" "));
    look.hostIps = List.of(node);

    PodStatus status = look.status();

    List<String> ips = List.of(told.split(" ", -1));
    assertThat(status.getPodIPs()).extracting(PodIP::getIp).containsExactlyElementsOf(ips);
    assertThat(status.getPodIP()).isEqualTo(ips.getFirst());
  }

  @Test
  void onTheHostsNetworkTheFirstAddressStaysAndASecondFamilyIsAdded() {
    PodBuilder pod = ContainerStatusesTest.pod(false, "Always");
    pod.editSpec().withHostNetwork(true).endSpec();
    Looks look = new Looks(pod.build());
    look.last = new PodStatusBuilder().withPodIPs(new PodIP("10.0.0.1")).build();
    look.hostIps = List.of("10.0.0.9", "fd00::9");

    assertThat(look.status().getPodIPs())
        .extracting(PodIP::getIp)
        .containsExactly("10.0.0.1", "fd00::9");
    assertThat(look.status().getHostIP()).isEqualTo("10.0.0.9");
  }

  private static Looks look(String policy) {
    return new Looks(ContainerStatusesTest.podOf(policy));
  }

  private static Optional<PodCondition> find(PodStatus status, String type) {
    return status.getConditions().stream().filter(c -> c.getType().equals(type)).findFirst();
  }

  private static PodCondition condition(PodStatus status, String type) {
    return find(status, type).orElseThrow();
  }

  private static ContainerStatus status(String name, String code) {
    ContainerStatusBuilder status = new ContainerStatusBuilder().withName(name);
    switch (code.charAt(0)) {
      case 'r' -> status.withNewState().withNewRunning().endRunning().endState();
      case 's' -> status.withStarted(true).withNewState().withNewRunning().endRunning().endState();
      case 't' ->
          status
              .withNewState()
              .withNewTerminated()
              .withExitCode(exit(code))
              .endTerminated()
              .endState();
      default -> {
        status.withNewState().withNewWaiting().endWaiting().endState();
        if (code.length() > 1) {
          status
              .withNewLastState()
              .withNewTerminated()
              .withExitCode(exit(code))
              .endTerminated()
              .endLastState();
        }
      }
    }
    return status.build();
  }

  private static int exit(String code) {
    return Integer.parseInt(code.substring(1));
  }
}
