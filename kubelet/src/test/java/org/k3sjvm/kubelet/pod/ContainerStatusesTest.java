package org.k3sjvm.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.VolumeMountStatus;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.ContainerStatus.ContainerUser;
import org.k3sjvm.cri.LinuxResources;

class ContainerStatusesTest {
  private static final String LOST_RUNNING =
      "The container could not be located when the pod was deleted.  The container used to be"
          + " Running";

  @ParameterizedTest
  @CsvSource({
    "RUNNING, running,    true,  true",
    "CREATED, waiting,    false, false",
    "EXITED,  terminated, false, false",
    "UNKNOWN, waiting,    false, false"
  })
  void showsTheRuntimesStates(ContainerState state, String shown, boolean started, boolean ready) {
    ContainerStatus status =
        look().sandbox(true, "10.42.0.5").container("app", state, 3, 1).regular("app");

    assertThat(kind(status)).isEqualTo(shown);
    assertThat(status.getStarted()).isEqualTo(started);
    assertThat(status.getReady()).isEqualTo(ready);
    assertThat(status.getRestartCount()).isEqualTo(3);
    assertThat(status.getContainerID()).isEqualTo("containerd://app-3");
  }

  @ParameterizedTest
  @CsvSource({"false, ContainerCreating", "true, PodInitializing"})
  void whatHasNotBegunWaitsForItsTurn(boolean withInit, String reason) {
    ContainerStatus status = new Looks(pod(withInit, "Always").build()).regular("app");

    assertThat(status.getState().getWaiting().getReason()).isEqualTo(reason);
    assertThat(status.getContainerID()).isNull();
  }

  @Test
  void theSecondNewestInstanceIsTheLastState() {
    ContainerStatus status =
        look()
            .sandbox(true, "10.42.0.5")
            .container("app", ContainerState.EXITED, 0, 1)
            .container("app", ContainerState.EXITED, 1, 2)
            .container("app", ContainerState.RUNNING, 2, 0)
            .regular("app");

    assertThat(status.getState().getRunning().getStartedAt()).isEqualTo("2026-01-01T11:59:00Z");
    assertThat(status.getLastState().getTerminated().getExitCode()).isEqualTo(2);
    assertThat(status.getRestartCount()).isEqualTo(2);
  }

  @Test
  void anEndThatTheRuntimeForgotStaysTheLastState() {
    Looks look = look().sandbox(true, "10.42.0.5").container("app", ContainerState.RUNNING, 1, 0);
    look.last =
        told(
            b ->
                b.withContainerID("containerd://app-0")
                    .withRestartCount(0)
                    .withNewState()
                    .withNewTerminated()
                    .withExitCode(7)
                    .endTerminated()
                    .endState());

    assertThat(look.regular("app").getLastState().getTerminated().getExitCode()).isEqualTo(7);
  }

  @Test
  void restartCountsNeverGoBack() {
    Looks look = look().sandbox(true, "10.42.0.5").container("app", ContainerState.RUNNING, 1, 0);
    look.last =
        told(
            b ->
                b.withContainerID("containerd://app-1")
                    .withRestartCount(5)
                    .withNewState()
                    .withNewRunning()
                    .endRunning()
                    .endState());

    assertThat(look.regular("app").getRestartCount()).isEqualTo(5);
  }

  @Test
  void aRunThatTheRuntimeLostTrackOfCountsAsAnEndOnce() {
    Looks look = look().sandbox(true, "10.42.0.5").container("app", ContainerState.UNKNOWN, 1, 0);
    look.last =
        told(
            b ->
                b.withContainerID("containerd://app-1")
                    .withRestartCount(1)
                    .withNewState()
                    .withNewRunning()
                    .endRunning()
                    .endState());

    PodStatus first = look.status();
    look.last = first;
    ContainerStatus again = look.regular("app");

    assertThat(again.getState().getTerminated().getExitCode()).isEqualTo(137);
    assertThat(again.getState().getTerminated().getReason()).isEqualTo("ContainerStatusUnknown");
    assertThat(again.getState().getTerminated().getMessage())
        .isEqualTo("The container could not be located when the pod was terminated");
    assertThat(again.getRestartCount()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRunThatIsGoneFromTheRuntimeIsALastStateOnce(boolean deleting) {
    PodBuilder pod = pod(false, "Always");
    if (deleting) {
      pod.editMetadata().withDeletionTimestamp("2026-01-01T12:00:00Z").endMetadata();
    }
    Looks look = new Looks(pod.build());
    look.last =
        told(
            b ->
                b.withContainerID("containerd://app-1")
                    .withRestartCount(1)
                    .withNewState()
                    .withNewRunning()
                    .endRunning()
                    .endState());

    look.last = look.status();
    ContainerStatus again = look.regular("app");

    assertThat(again.getState().getWaiting().getReason()).isEqualTo("ContainerCreating");
    assertThat(again.getLastState().getTerminated().getMessage()).isEqualTo(LOST_RUNNING);
    assertThat(again.getRestartCount()).isEqualTo(deleting ? 1 : 2);
  }

  @Test
  void anEndThatIsGoneFromTheRuntimeStaysAsItWasTold() {
    Looks look = new Looks(pod(false, "Never").build());
    look.last =
        told(
            b ->
                b.withContainerID("containerd://app-0")
                    .withImageID("sha256:9")
                    .withRestartCount(4)
                    .withAllocatedResources(Map.of("cpu", new Quantity("1")))
                    .withNewState()
                    .withNewTerminated()
                    .withExitCode(3)
                    .endTerminated()
                    .endState());

    ContainerStatus status = look.regular("app");

    assertThat(status.getState().getTerminated().getExitCode()).isEqualTo(3);
    assertThat(status.getImageID()).isEqualTo("sha256:9");
    assertThat(status.getRestartCount()).isEqualTo(4);
    assertThat(status.getAllocatedResources()).containsKey("cpu");
  }

  @Test
  void anInitContainerThatIsGoneHasEndedWellOnceTheAppWasMade() {
    Looks look =
        new Looks(pod(true, "Always").build())
            .sandbox(true, "10.42.0.5")
            .container("app", ContainerState.RUNNING, 0, 0);

    ContainerStatus status = look.init("prepare");

    assertThat(status.getState().getTerminated().getExitCode()).isZero();
    assertThat(status.getState().getTerminated().getReason()).isEqualTo("Completed");
    assertThat(status.getReady()).isTrue();
    assertThat(status.getStarted()).isFalse();
  }

  @Test
  void whyItWaitsReplacesAnEndAndStaysWhileItIsTriedAgain() {
    Looks look = look().sandbox(true, "10.42.0.5").container("app", ContainerState.EXITED, 0, 1);
    look.steps =
        Map.of(
            "app",
            new ContainerStep.Wait(Looks.NOW, "CrashLoopBackOff", "back-off", Optional.empty()));
    look.last = look.status();
    look.steps = Map.of("app", new ContainerStep.Start(1, Optional.empty(), Optional.empty()));

    ContainerStatus status = look.regular("app");

    assertThat(status.getState().getWaiting().getReason()).isEqualTo("CrashLoopBackOff");
    assertThat(status.getLastState().getTerminated().getExitCode()).isEqualTo(1);
  }

  @Test
  void messagesShareWhatAPodMaySayAndAreCutBetweenCharacters() {
    String message = "ä".repeat(4000);
    Looks look =
        new Looks(pod(true, "Never").build())
            .sandbox(true, "10.42.0.5")
            .container(
                "app",
                ContainerState.EXITED,
                0,
                1,
                "x" + message,
                ObservedContainer.Actual.UNKNOWN);

    String told = look.regular("app").getState().getTerminated().getMessage();

    assertThat(told.getBytes(StandardCharsets.UTF_8).length).isEqualTo(12288 / 2 - 1);
    assertThat(told).startsWith("xä").endsWith("ä");
  }

  @Test
  void showsWhatIsInForceForARunningContainer() {
    PodBuilder pod = pod(false, "Always");
    pod.editSpec()
        .editFirstContainer()
        .withNewResources()
        .withRequests(Map.of("cpu", new Quantity("100m"), "memory", new Quantity("64Mi")))
        .withLimits(Map.of("cpu", new Quantity("5m"), "memory", new Quantity("128Mi")))
        .endResources()
        .endContainer()
        .endSpec();
    ObservedContainer.Actual actual =
        new ObservedContainer.Actual(
            Optional.of(
                LinuxResources.NONE.withCpu(100_000, 1_000, 205).withMemoryLimitBytes(256L << 20)),
            Optional.of(new ContainerUser(1000, 1001, List.of(1001L, 7L))),
            "SIGUSR1",
            Set.of());
    ContainerStatus status =
        new Looks(pod.build())
            .sandbox(true, "10.42.0.5")
            .container("app", ContainerState.RUNNING, 0, 0, "", actual)
            .regular("app");

    assertThat(status.getAllocatedResources()).containsEntry("cpu", new Quantity("100m"));
    assertThat(status.getResources().getRequests())
        .containsEntry("cpu", new Quantity("201m"))
        .containsEntry("memory", new Quantity("64Mi"));
    assertThat(status.getResources().getLimits())
        .as("the kernel's least limit is shown as what was granted")
        .containsEntry("cpu", new Quantity("5m"))
        .containsEntry("memory", new Quantity("256Mi"));
    assertThat(status.getUser().getLinux().getUid()).isEqualTo(1000);
    assertThat(status.getUser().getLinux().getSupplementalGroups()).containsExactly(1001L, 7L);
    assertThat(status.getStopSignal()).isEqualTo("SIGUSR1");
  }

  @ParameterizedTest
  @CsvSource({
    "false, , false, ",
    "true, , false, Disabled",
    "true, IfPossible, false, Disabled",
    "true, IfPossible, true, Enabled",
    "true, Enabled, false, Enabled"
  })
  void saysHowVolumesAreMounted(boolean readOnly, String asked, boolean made, String shown) {
    PodBuilder pod = pod(false, "Always");
    pod.editSpec()
        .editFirstContainer()
        .addNewVolumeMount()
        .withName("data")
        .withMountPath("/data")
        .withReadOnly(readOnly)
        .withRecursiveReadOnly(asked)
        .endVolumeMount()
        .endContainer()
        .endSpec();
    ObservedContainer.Actual actual =
        new ObservedContainer.Actual(
            Optional.empty(), Optional.empty(), "", made ? Set.of("/data") : Set.of());

    VolumeMountStatus mount =
        new Looks(pod.build())
            .sandbox(true, "10.42.0.5")
            .container("app", ContainerState.RUNNING, 0, 0, "", actual)
            .regular("app")
            .getVolumeMounts()
            .getFirst();

    assertThat(mount.getName()).isEqualTo("data");
    assertThat(mount.getReadOnly()).isEqualTo(readOnly ? true : null);
    assertThat(mount.getRecursiveReadOnly()).isEqualTo(shown);
  }

  @Test
  void listsByNameExceptInitContainers() {
    PodBuilder pod = pod(false, "Always");
    pod.editSpec()
        .addNewContainer()
        .withName("aa")
        .withImage("busybox:1")
        .endContainer()
        .addNewInitContainer()
        .withName("z")
        .withImage("busybox:1")
        .endInitContainer()
        .addNewInitContainer()
        .withName("b")
        .withImage("busybox:1")
        .endInitContainer()
        .endSpec();

    PodStatus status = new Looks(pod.build()).status();

    assertThat(status.getContainerStatuses())
        .extracting(ContainerStatus::getName)
        .containsExactly("aa", "app");
    assertThat(status.getInitContainerStatuses())
        .extracting(ContainerStatus::getName)
        .containsExactly("z", "b");
  }

  private static Looks look() {
    return new Looks(pod(false, "Always").build());
  }

  static PodBuilder pod(boolean withInit, String policy) {
    PodBuilder pod =
        new PodBuilder()
            .withNewMetadata()
            .withName("web")
            .withNamespace("default")
            .withUid("u1")
            .withGeneration(4L)
            .endMetadata()
            .withNewSpec()
            .withRestartPolicy(policy)
            .addNewContainer()
            .withName("app")
            .withImage("busybox:1")
            .endContainer()
            .endSpec();
    if (withInit) {
      pod.editSpec()
          .addNewInitContainer()
          .withName("prepare")
          .withImage("busybox:1")
          .endInitContainer()
          .endSpec();
    }
    return pod;
  }

  private static PodStatus told(java.util.function.UnaryOperator<ContainerStatusBuilder> edit) {
    return new PodStatusBuilder()
        .addToContainerStatuses(
            edit.apply(new ContainerStatusBuilder().withName("app").withImage("busybox:1")).build())
        .build();
  }

  private static String kind(ContainerStatus status) {
    var state = status.getState();
    return state.getRunning() != null
        ? "running"
        : state.getTerminated() != null ? "terminated" : "waiting";
  }

  static Pod podOf(String policy) {
    return pod(false, policy).build();
  }
}
