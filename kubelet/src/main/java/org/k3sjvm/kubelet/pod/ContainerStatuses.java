package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateRunning;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.ContainerId;

/**
 * One entry for each container of the pod.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go, convertToAPIContainerStatuses.
 */
final class ContainerStatuses {
  /**
   * Bytes of termination messages in one pod's status. Source: kubelet v1.36
   * MaxPodTerminationMessageLogLength.
   */
  private static final int MESSAGES_BYTES = 12288;

  private static final int SIGKILLED = 137;

  private final PodView view;
  private final Map<String, ContainerStep> steps;
  private final boolean initialized;
  private final boolean ending;

  /**
   * @param steps what is next, for containers whose turn it is
   * @param initialized whether regular containers ever ran in this sandbox
   * @param ending whether nothing restarts any more
   */
  ContainerStatuses(
      PodView view, Map<String, ContainerStep> steps, boolean initialized, boolean ending) {
    this.view = view;
    this.steps = steps;
    this.initialized = initialized;
    this.ending = ending;
  }

  /** Containers that Kubernetes knows carry the runtime's name in front. */
  static String idText(ContainerId id) {
    return "containerd://" + id.value();
  }

  /** Whole seconds, as the API server keeps them. */
  static String time(Instant at) {
    return at.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** In spec order for init containers, by name for the others. */
  List<ContainerStatus> of(List<ContainerSpec> specs, boolean byName) {
    List<ContainerStatus> all = new ArrayList<>();
    specs.forEach(s -> all.add(status(s)));
    if (byName) {
      all.sort(Comparator.comparing(ContainerStatus::getName));
    }
    return all;
  }

  private ContainerStatus status(ContainerSpec spec) {
    List<ObservedContainer> instances = view.observed().instances(spec.name());
    Optional<ContainerStatus> last = view.lastOf(spec);
    ContainerStatus status =
        instances.isEmpty()
            ? last.map(l -> unseen(spec, l)).orElseGet(() -> notYet(spec))
            : seen(spec, instances, last);
    showWait(spec, status);
    return status;
  }

  private ContainerStatus seen(
      ContainerSpec spec, List<ObservedContainer> instances, Optional<ContainerStatus> last) {
    ObservedContainer newest = instances.getFirst();
    ContainerStatus status = blank(spec);
    status.setContainerID(idText(newest.id()));
    status.setImage(newest.image().isEmpty() ? spec.container().getImage() : newest.image());
    status.setImageID(newest.imageRef());
    status.setRestartCount(
        Math.max(newest.attempt(), last.map(ContainerStatus::getRestartCount).orElse(0)));
    status.setLastState(
        instances.stream()
            .skip(1)
            .filter(ObservedContainer::exited)
            .findFirst()
            .map(this::terminated)
            .orElseGet(() -> lastStateFrom(last, newest)));
    switch (newest.state()) {
      case RUNNING -> running(spec, newest, status);
      case EXITED -> exited(spec, newest, status);
      case CREATED -> status.setState(waiting(defaultWait(), null));
      case UNKNOWN -> {
        status.setState(lost("The container could not be located when the pod was terminated"));
        status.setRestartCount(newest.attempt() + 1);
      }
    }
    return status;
  }

  private void running(ContainerSpec spec, ObservedContainer is, ContainerStatus status) {
    ContainerState state = new ContainerState();
    state.setRunning(new ContainerStateRunning(time(is.startedAt().orElse(is.createdAt()))));
    status.setState(state);
    boolean init = spec.kind() == ContainerSpec.Kind.INIT;
    status.setStarted(view.started(spec, is));
    status.setReady(!init && view.ready(spec, is));
  }

  private void exited(ContainerSpec spec, ObservedContainer is, ContainerStatus status) {
    status.setState(terminated(is));
    status.setReady(spec.kind() == ContainerSpec.Kind.INIT && is.exitCode() == 0);
  }

  private ContainerState lastStateFrom(Optional<ContainerStatus> last, ObservedContainer newest) {
    if (last.isEmpty()) {
      return new ContainerState();
    }
    ContainerStatus before = last.get();
    boolean same = idText(newest.id()).equals(before.getContainerID());
    ContainerState then = before.getState();
    if (!same && then != null && then.getTerminated() != null) {
      return then;
    }
    return before.getLastState() == null ? new ContainerState() : before.getLastState();
  }

  /** The runtime has no instance, but one was reported. */
  private ContainerStatus unseen(ContainerSpec spec, ContainerStatus last) {
    ContainerState state = last.getState();
    if (state != null && state.getTerminated() != null) {
      return copy(last);
    }
    if (spec.kind() == ContainerSpec.Kind.INIT && initialized) {
      ContainerStatus done = copy(last);
      done.setState(
          terminated(
              0,
              "Completed",
              "Unable to get init container status from container runtime and pod has been"
                  + " initialized, treat it as exited normally"));
      done.setReady(true);
      return done;
    }
    ContainerStatus status = copy(last);
    status.setReady(false);
    status.setStarted(false);
    if (state != null && state.getRunning() != null) {
      status.setLastState(
          lost(
              "The container could not be located when the pod was deleted.  The container used"
                  + " to be Running"));
      status.setRestartCount(last.getRestartCount() + (view.desired().deleting() ? 0 : 1));
    }
    status.setState(waiting(defaultWait(), null));
    return status;
  }

  private ContainerStatus notYet(ContainerSpec spec) {
    ContainerStatus status = blank(spec);
    status.setState(waiting(defaultWait(), null));
    return status;
  }

  /** A container that is to run and cannot says why; its last end moves to the last state. */
  private void showWait(ContainerSpec spec, ContainerStatus status) {
    if (!ending && steps.get(spec.name()) instanceof ContainerStep.Wait wait) {
      if (status.getState().getTerminated() != null) {
        status.setLastState(status.getState());
      }
      status.setState(waiting(wait.reason(), wait.message()));
      status.setReady(false);
    }
  }

  private String defaultWait() {
    return view.desired().init().isEmpty() || initialized ? "ContainerCreating" : "PodInitializing";
  }

  private ContainerStatus blank(ContainerSpec spec) {
    ContainerStatus status = new ContainerStatus();
    status.setName(spec.name());
    status.setImage(spec.container().getImage());
    status.setImageID("");
    status.setRestartCount(0);
    status.setReady(false);
    status.setStarted(false);
    status.setLastState(new ContainerState());
    return status;
  }

  private static ContainerStatus copy(ContainerStatus from) {
    ContainerStatus status = new ContainerStatus();
    status.setName(from.getName());
    status.setImage(from.getImage());
    status.setImageID(from.getImageID());
    status.setContainerID(from.getContainerID());
    status.setRestartCount(from.getRestartCount());
    status.setReady(from.getReady());
    status.setStarted(from.getStarted());
    status.setState(from.getState());
    status.setLastState(from.getLastState());
    return status;
  }

  private ContainerState terminated(ObservedContainer is) {
    ContainerStateTerminated end = new ContainerStateTerminated();
    end.setExitCode(is.exitCode());
    end.setReason(
        !is.reason().isEmpty() ? is.reason() : is.exitCode() == 0 ? "Completed" : "Error");
    if (!is.message().isEmpty()) {
      end.setMessage(shortened(is.message()));
    }
    end.setStartedAt(time(is.startedAt().orElse(Instant.EPOCH)));
    end.setFinishedAt(time(is.finishedAt().orElse(Instant.EPOCH)));
    end.setContainerID(idText(is.id()));
    ContainerState state = new ContainerState();
    state.setTerminated(end);
    return state;
  }

  private String shortened(String message) {
    int each = MESSAGES_BYTES / Math.max(1, view.desired().containers().size());
    return message.length() <= each ? message : message.substring(0, each);
  }

  private static ContainerState lost(String message) {
    return terminated(SIGKILLED, "ContainerStatusUnknown", message);
  }

  static ContainerState terminated(int exitCode, String reason, String message) {
    ContainerStateTerminated end = new ContainerStateTerminated();
    end.setExitCode(exitCode);
    end.setReason(reason);
    end.setMessage(message);
    ContainerState state = new ContainerState();
    state.setTerminated(end);
    return state;
  }

  private static ContainerState waiting(String reason, @Nullable String message) {
    ContainerStateWaiting wait = new ContainerStateWaiting();
    wait.setReason(reason);
    wait.setMessage(message);
    ContainerState state = new ContainerState();
    state.setWaiting(wait);
    return state;
  }
}
