package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.util.List;

/**
 * Container statuses of a pod that is over: what may have run and was not seen to end counts as
 * failed, so that nobody takes the pod for a success. What never had a chance stays waiting.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/status/status_manager.go, TerminatePod.
 */
final class LastStatuses {
  private static final String MESSAGE =
      "The container could not be located when the pod was terminated";

  private LastStatuses() {}

  /** Changes the statuses in place. */
  static void settle(
      DesiredPod pod, PodStatus last, List<ContainerStatus> init, List<ContainerStatus> regular) {
    if (initialized(pod, last, init, regular)) {
      regular.forEach(LastStatuses::end);
    }
    for (int i = 0; i < tried(init); i++) {
      end(init.get(i));
    }
  }

  private static void end(ContainerStatus status) {
    if (!ContainerStates.isTerminated(status.getState())) {
      status.setState(ContainerStates.lost(MESSAGE));
      status.setReady(false);
      if (status.getStarted() != null) {
        status.setStarted(false);
      }
    }
  }

  private static boolean initialized(
      DesiredPod pod, PodStatus last, List<ContainerStatus> init, List<ContainerStatus> regular) {
    if (pod.init().isEmpty()
        || regular.stream().anyMatch(LastStatuses::moved)
        || last.getContainerStatuses().stream().anyMatch(LastStatuses::moved)) {
      return true;
    }
    ContainerStatus latest = init.getLast();
    if (pod.init().getLast().sidecar()) {
      return Boolean.TRUE.equals(latest.getStarted());
    }
    return ContainerStates.exitCode(latest.getState()).filter(e -> e == 0).isPresent()
        || ContainerStates.exitCode(latest.getLastState()).filter(e -> e == 0).isPresent();
  }

  /** Whether it ever left its first wait. */
  private static boolean moved(ContainerStatus status) {
    return ContainerStates.isTerminated(status.getLastState())
        || !ContainerStates.isWaiting(status.getState());
  }

  /** How many from the front had their turn; the first always counts. */
  private static int tried(List<ContainerStatus> init) {
    for (int i = init.size() - 1; i >= 0; i--) {
      if (moved(init.get(i))) {
        return i + 1;
      }
    }
    return Math.min(1, init.size());
  }
}
