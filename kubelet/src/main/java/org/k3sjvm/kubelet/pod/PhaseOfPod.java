package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import java.util.List;
import java.util.Optional;

/**
 * The phase that follows from container statuses: {@code Pending}, {@code Running}, {@code
 * Succeeded} or {@code Failed}.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go, getPhase.
 */
final class PhaseOfPod {
  /** How a container counts. An end that waits for a restart counts as an end. */
  private enum Count {
    RUNNING,
    STOPPED,
    WAITING,
    UNKNOWN
  }

  private final DesiredPod pod;
  private boolean initPending;
  private boolean initFailed;
  private boolean sidecarPending;
  private int running;
  private int stopped;
  private int stoppedForGood;
  private int succeeded;
  private boolean waiting;
  private boolean unknown;

  private PhaseOfPod(DesiredPod pod) {
    this.pod = pod;
  }

  /**
   * The phase.
   *
   * @param begun whether a regular container of the pod ever ran
   * @param terminal whether nothing restarts any more
   */
  static String of(
      DesiredPod pod,
      List<ContainerStatus> init,
      List<ContainerStatus> regular,
      boolean begun,
      boolean terminal) {
    PhaseOfPod phase = new PhaseOfPod(pod);
    for (ContainerSpec spec : pod.init()) {
      if (spec.sidecar()) {
        phase.countSidecar(find(init, spec));
      } else {
        phase.countInit(spec, find(init, spec));
      }
    }
    pod.regular().forEach(spec -> phase.countRegular(spec, find(regular, spec)));
    return phase.verdict(begun, terminal);
  }

  private void countInit(ContainerSpec spec, Optional<ContainerStatus> status) {
    Optional<Integer> exit = status.flatMap(PhaseOfPod::exitCode);
    if (exit.isEmpty()) {
      initPending = true;
    } else if (exit.get() != 0 && !RestartDecision.policyRestarts(pod, spec, exit.get())) {
      initFailed = true;
    }
  }

  private void countSidecar(Optional<ContainerStatus> status) {
    switch (status.map(PhaseOfPod::count).orElse(Count.UNKNOWN)) {
      case RUNNING -> {
        running++;
        sidecarPending |= !Boolean.TRUE.equals(status.get().getStarted());
      }
      case WAITING -> {
        waiting = true;
        sidecarPending = true;
      }
      case UNKNOWN -> {
        unknown = true;
        sidecarPending |= status.isPresent();
      }
      case STOPPED -> {} // does not hold the pod back
    }
  }

  private void countRegular(ContainerSpec spec, Optional<ContainerStatus> status) {
    switch (status.map(PhaseOfPod::count).orElse(Count.UNKNOWN)) {
      case RUNNING -> running++;
      case WAITING -> waiting = true;
      case UNKNOWN -> unknown = true;
      case STOPPED -> {
        stopped++;
        int exit = status.flatMap(PhaseOfPod::exitCode).orElseThrow();
        if (!RestartDecision.policyRestarts(pod, spec, exit)) {
          stoppedForGood++;
        }
        if (exit == 0 && ContainerStates.isTerminated(status.get().getState())) {
          succeeded++;
        }
      }
    }
  }

  private String verdict(boolean begun, boolean terminal) {
    if (initFailed) {
      return "Failed";
    }
    if (initPending || (sidecarPending && !begun) || waiting) {
      return "Pending";
    }
    if (running > 0 && !unknown) {
      return "Running";
    }
    if (running == 0 && stopped > 0 && !unknown) {
      if (!terminal && stopped != stoppedForGood) {
        return "Running";
      }
      return stopped == succeeded ? "Succeeded" : "Failed";
    }
    return "Pending";
  }

  private static Count count(ContainerStatus status) {
    if (ContainerStates.isRunning(status.getState())) {
      return Count.RUNNING;
    }
    if (exitCode(status).isPresent()) {
      return Count.STOPPED;
    }
    return ContainerStates.isWaiting(status.getState()) ? Count.WAITING : Count.UNKNOWN;
  }

  /** Of the last end, also of one that waits to run again; empty while it runs. */
  private static Optional<Integer> exitCode(ContainerStatus status) {
    return ContainerStates.isWaiting(status.getState())
        ? ContainerStates.exitCode(status.getLastState())
        : ContainerStates.exitCode(status.getState());
  }

  private static Optional<ContainerStatus> find(List<ContainerStatus> all, ContainerSpec spec) {
    return all.stream().filter(s -> s.getName().equals(spec.name())).findFirst();
  }
}
