package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.SandboxId;

/** One thing to do for a pod. Each may be done again when it was interrupted or half done. */
public sealed interface PodAction {
  /** Makes the pod's directories and control group. */
  record Prepare() implements PodAction {}

  /** Brings every volume to where containers find it, and live ones up to date. */
  record MountVolumes() implements PodAction {}

  /** Makes a sandbox; the pod has none that is ready. */
  record CreateSandbox(int attempt) implements PodAction {}

  /**
   * Pulls the image if need be, makes and starts a container.
   *
   * @param restartCount how often it was restarted, this time included
   * @param target whose processes it sees; empty for its own or its pod's
   * @param ranBefore whether a container has run in this sandbox before
   */
  record StartContainer(
      ContainerSpec spec,
      ObservedSandbox sandbox,
      int restartCount,
      Optional<ContainerId> target,
      boolean ranBefore)
      implements PodAction {}

  /**
   * Brings what the node agreed to into force for running containers and their pod.
   *
   * @param pod empty when nothing changes for the pod itself
   */
  record Resize(List<Change> changes, Optional<PodChange> pod) implements PodAction {
    public Resize {
      changes = List.copyOf(changes);
    }
  }

  /**
   * A pod that may use other amounts itself than the node agreed to.
   *
   * @param from what is in force
   * @param shown what status says afterwards
   */
  record PodChange(ResourceRequirements from, ResourceRequirements shown) {}

  /**
   * One container that has other resources than the node agreed to. Where it has no limits of its
   * own, the pod's count.
   *
   * @param from what is in force
   * @param to what is wanted
   * @param inPlace false when it takes a new run, which is not this action's
   */
  record Change(
      ContainerSpec spec,
      ContainerId id,
      ResourceRequirements from,
      ResourceRequirements to,
      boolean inPlace) {
    /** What is wanted, without the pod's limits. */
    ResourceRequirements own() {
      return Objects.requireNonNullElseGet(
          spec.container().getResources(), ResourceRequirements::new);
    }
  }

  /**
   * Ends containers beside each other; returns when all have ended.
   *
   * @param podIps where their hooks reach them
   */
  record StopContainers(List<Stop> stops, List<String> podIps) implements PodAction {
    public StopContainers {
      stops = List.copyOf(stops);
      podIps = List.copyOf(podIps);
    }
  }

  /**
   * One container that ends.
   *
   * @param killAt when its time is over
   * @param first whether nobody tried before: then it is announced and its hook runs
   * @param message what the event says
   * @param after those of the same action that end first, unless its time is over before; its hook
   *     does not wait for them
   * @param replaced whether it is to run again as it is asked for now
   */
  record Stop(
      ContainerId id,
      String name,
      Instant killAt,
      boolean first,
      String message,
      List<ContainerId> after,
      boolean replaced) {
    public Stop {
      after = List.copyOf(after);
    }
  }

  /**
   * Forgets an ended container, or one that was never started, and its log.
   *
   * @param logPath absolute; empty for none
   */
  record RemoveContainer(ContainerId id, String name, String logPath) implements PodAction {
    static RemoveContainer of(ObservedContainer container) {
      return new RemoveContainer(container.id(), container.name(), container.logPath());
    }
  }

  /** Ends a sandbox and gives its network back. */
  record StopSandbox(SandboxId id) implements PodAction {}

  /** Forgets a sandbox and its containers. */
  record RemoveSandbox(SandboxId id) implements PodAction {}

  /** Takes volumes away; no container uses them. */
  record UnmountVolumes() implements PodAction {}

  /** Removes the pod's control group. */
  record RemoveCgroup() implements PodAction {}

  /** Removes the pod's directories and logs; the pod is gone. */
  record RemoveFiles() implements PodAction {}

  /** The shortest time a container gets to end. Source: kubelet v1.36 kuberuntime_container.go. */
  Duration MINIMUM_GRACE = Duration.ofSeconds(2);
}
