package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.ContainerUser;
import io.fabric8.kubernetes.api.model.LinuxContainerUser;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.cri.ContainerId;

/**
 * One entry for each container of the pod.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go, convertToAPIContainerStatuses, and for
 * {@code started} and {@code ready} pkg/kubelet/prober/prober_manager.go, UpdatePodStatus.
 */
final class ContainerStatuses {
  /**
   * Bytes of termination messages in one pod's status. Source: kubelet v1.36
   * MaxPodTerminationMessageLogLength.
   */
  private static final int MESSAGES_BYTES = 12288;

  /** Reasons that say no more than that it is not the container's turn. */
  private static final Set<String> PLAIN =
      Set.of("ContainerCreating", "PodInitializing", "RestartingAllContainers");

  private final PodView view;
  private final Map<String, ContainerStep> steps;
  private final boolean begun;
  private final boolean ending;
  private final int messageBytes;

  /**
   * For one look at the pod.
   *
   * @param steps what is next, for containers whose turn it is
   * @param begun whether the runtime has a regular container of the pod
   * @param ending whether nothing restarts any more
   */
  ContainerStatuses(PodView view, Map<String, ContainerStep> steps, boolean begun, boolean ending) {
    this.view = view;
    this.steps = steps;
    this.begun = begun;
    this.ending = ending;
    messageBytes = MESSAGES_BYTES / Math.max(1, view.desired().containers().size());
  }

  /** Containers that Kubernetes knows carry the runtime's name in front. */
  static String idText(ContainerId id) {
    return ContainerStates.idText(id);
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
    ContainerStatus status = instances.isEmpty() ? unseen(spec, last) : seen(spec, instances, last);
    showWait(spec, last, status);
    judge(spec, instances, status);
    return status;
  }

  private ContainerStatus seen(
      ContainerSpec spec, List<ObservedContainer> instances, Optional<ContainerStatus> last) {
    ObservedContainer newest = instances.getFirst();
    ContainerStatus status = blank(spec);
    status.setContainerID(ContainerStates.idText(newest.id()));
    status.setImage(newest.image().isEmpty() ? spec.container().getImage() : newest.image());
    status.setImageID(newest.imageRef());
    status.setRestartCount(
        Math.max(newest.attempt(), last.map(ContainerStatuses::restartCount).orElse(0)));
    status.setLastState(
        instances.stream()
            .skip(1)
            .filter(ObservedContainer::exited)
            .findFirst()
            .map(c -> ContainerStates.terminated(c, messageBytes))
            .orElseGet(() -> lastStateFrom(last, newest)));
    status.setVolumeMounts(volumeMounts(spec, newest.actual().recursiveReadOnly()));
    newest.actual().user().ifPresent(u -> status.setUser(user(u)));
    if (!newest.actual().stopSignal().isEmpty()) {
      status.setStopSignal(newest.actual().stopSignal());
    }
    ContainerResources.show(spec.container(), newest, last, status);
    switch (newest.state()) {
      case RUNNING ->
          status.setState(ContainerStates.running(newest.startedAt().orElse(newest.createdAt())));
      case EXITED -> status.setState(ContainerStates.terminated(newest, messageBytes));
      case CREATED -> status.setState(ContainerStates.waiting(defaultWait(), null));
      case UNKNOWN -> unknown(newest, last, status);
    }
    return status;
  }

  /** The runtime lost track of it: it counts as ended, once, if it ran when last seen. */
  private void unknown(
      ObservedContainer newest, Optional<ContainerStatus> last, ContainerStatus status) {
    Optional<ContainerStatus> same =
        last.filter(l -> ContainerStates.idText(newest.id()).equals(l.getContainerID()));
    if (same.filter(l -> ContainerStates.isTerminated(l.getState())).isPresent()) {
      status.setState(same.get().getState());
    } else if (last.filter(l -> ContainerStates.isRunning(l.getState())).isPresent()) {
      status.setState(
          ContainerStates.lost("The container could not be located when the pod was terminated"));
      status.setRestartCount(restartCount(last.get()) + 1);
    } else {
      status.setState(ContainerStates.waiting(defaultWait(), null));
    }
  }

  private static ContainerState lastStateFrom(
      Optional<ContainerStatus> last, ObservedContainer newest) {
    if (last.isEmpty()) {
      return new ContainerState();
    }
    ContainerStatus before = last.get();
    boolean same = ContainerStates.idText(newest.id()).equals(before.getContainerID());
    if (!same && ContainerStates.isTerminated(before.getState())) {
      return before.getState();
    }
    return before.getLastState() == null ? new ContainerState() : before.getLastState();
  }

  /** The runtime has no instance; one may have been reported. */
  private ContainerStatus unseen(ContainerSpec spec, Optional<ContainerStatus> last) {
    if (last.filter(l -> ContainerStates.isTerminated(l.getState())).isPresent()) {
      return new ContainerStatusBuilder(last.get()).build();
    }
    ContainerStatus status = blank(spec);
    status.setState(ContainerStates.waiting(defaultWait(), null));
    status.setVolumeMounts(volumeMounts(spec, Set.of()));
    last.ifPresent(l -> carryOver(l, status));
    if (spec.kind() == ContainerSpec.Kind.INIT && begun) {
      status.setState(
          ContainerStates.terminated(
              0,
              "Completed",
              "Unable to get init container status from container runtime and pod has been"
                  + " initialized, treat it as exited normally"));
    }
    return status;
  }

  private void carryOver(ContainerStatus last, ContainerStatus status) {
    status.setRestartCount(restartCount(last));
    status.setLastState(last.getLastState() == null ? new ContainerState() : last.getLastState());
    if (!ContainerStates.isRunning(last.getState())) {
      return;
    }
    if (!ContainerStates.isTerminated(status.getLastState())) {
      status.setLastState(
          ContainerStates.lost(
              "The container could not be located when the pod was deleted.  The container used"
                  + " to be Running"));
    }
    status.setRestartCount(restartCount(last) + (view.desired().deleting() ? 0 : 1));
  }

  /**
   * A container that is to run and cannot says why; its last end moves to the last state. What it
   * said stays while it is tried again.
   */
  private void showWait(
      ContainerSpec spec, Optional<ContainerStatus> last, ContainerStatus status) {
    ContainerStep step = steps.get(spec.name());
    if (ending || step == null) {
      return;
    }
    Optional<ContainerState> wait =
        switch (step) {
          case ContainerStep.Wait w ->
              Optional.of(ContainerStates.waiting(w.reason(), w.message()));
          case ContainerStep.Start _ ->
              last.map(ContainerStatus::getState).filter(ContainerStatuses::tells);
          case ContainerStep.Keep _, ContainerStep.Stop _, ContainerStep.Ended _ ->
              Optional.empty();
        };
    if (wait.isPresent()) {
      if (ContainerStates.isTerminated(status.getState())) {
        status.setLastState(status.getState());
      }
      status.setState(wait.get());
    }
  }

  private static boolean tells(ContainerState state) {
    return ContainerStates.isWaiting(state)
        && state.getWaiting().getReason() != null
        && !state.getWaiting().getReason().isEmpty()
        && !PLAIN.contains(state.getWaiting().getReason());
  }

  /** Whether it is up and whether traffic may go to it. */
  private void judge(
      ContainerSpec spec, List<ObservedContainer> instances, ContainerStatus status) {
    boolean runs = ContainerStates.isRunning(status.getState());
    boolean ended = ContainerStates.isTerminated(status.getState());
    switch (spec.kind()) {
      case INIT -> {
        status.setStarted(runs && view.started(spec, instances.getFirst()));
        status.setReady(
            ended && ContainerStates.exitCode(status.getState()).filter(e -> e == 0).isPresent());
      }
      case SIDECAR, REGULAR -> {
        status.setStarted(runs && view.started(spec, instances.getFirst()));
        status.setReady(runs && view.ready(spec, instances.getFirst()));
      }
      case EPHEMERAL -> {
        status.setStarted(null);
        status.setReady(false);
      }
    }
  }

  private String defaultWait() {
    return view.desired().init().isEmpty() ? "ContainerCreating" : "PodInitializing";
  }

  private static ContainerStatus blank(ContainerSpec spec) {
    ContainerStatus status = new ContainerStatus();
    status.setName(spec.name());
    status.setImage(spec.container().getImage());
    status.setImageID("");
    status.setRestartCount(0);
    status.setLastState(new ContainerState());
    return status;
  }

  private static List<VolumeMountStatus> volumeMounts(
      ContainerSpec spec, Set<String> recursiveReadOnly) {
    List<VolumeMountStatus> all = new ArrayList<>();
    for (VolumeMount mount : spec.container().getVolumeMounts()) {
      VolumeMountStatus status = new VolumeMountStatus();
      status.setName(mount.getName());
      status.setMountPath(mount.getMountPath());
      if (Boolean.TRUE.equals(mount.getReadOnly())) {
        boolean recursive =
            "Enabled".equals(mount.getRecursiveReadOnly())
                || recursiveReadOnly.contains(mount.getMountPath());
        status.setReadOnly(true);
        status.setRecursiveReadOnly(recursive ? "Enabled" : "Disabled");
      }
      all.add(status);
    }
    return all;
  }

  private static ContainerUser user(org.k3sjvm.cri.ContainerStatus.ContainerUser from) {
    LinuxContainerUser linux = new LinuxContainerUser();
    linux.setUid(from.uid());
    linux.setGid(from.gid());
    linux.setSupplementalGroups(from.supplementalGroups());
    ContainerUser user = new ContainerUser();
    user.setLinux(linux);
    return user;
  }

  private static int restartCount(ContainerStatus status) {
    return status.getRestartCount() == null ? 0 : status.getRestartCount();
  }
}
