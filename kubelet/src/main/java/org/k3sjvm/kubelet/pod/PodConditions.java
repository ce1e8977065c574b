package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodReadinessGate;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The conditions that the kubelet owns. Others on the pod, readiness gates among them, belong to
 * those who set them.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/status/generate.go.
 */
public final class PodConditions {
  /** Types written here; a patch may take away no other. */
  public static final Set<String> OWNED =
      Set.of(
          "PodReadyToStartContainers",
          "Initialized",
          "Ready",
          "ContainersReady",
          "PodScheduled",
          "PodResizePending",
          "PodResizeInProgress",
          "AllContainersRestarting");

  /** Written here when the node ends a pod, and by others too: never taken away. */
  public static final String SHARED = "DisruptionTarget";

  /**
   * Ends that the node brought upon the pod for its own sake. Source: kubelet v1.36
   * pkg/kubelet/eviction, preemption and nodeshutdown.
   */
  private static final Set<String> DISRUPTIONS =
      Set.of("Evicted", "Preempting", "NodeShutdown", "Terminated");

  private final PodView view;
  private final PodStatus status;
  private final Instant now;

  /**
   * For a status whose phase and containers are known.
   *
   * @param status nothing is changed in it
   */
  PodConditions(PodView view, PodStatus status, Instant now) {
    this.view = view;
    this.status = status;
    this.now = now;
  }

  /**
   * All of them, in a fixed order.
   *
   * @param sandboxFit whether the sandbox is known to be fit; else it is asked again
   * @param killed the node's own reason to end the pod
   */
  List<PodCondition> of(boolean sandboxFit, Optional<TerminationReason> killed) {
    List<ContainerStatus> init = status.getInitContainerStatuses();
    List<ContainerStatus> regular = status.getContainerStatuses();
    Finding containers = containersReady(init, regular);
    boolean fit =
        sandboxFit
            || SandboxFitness.of(view.desired(), view.observed()) instanceof SandboxFitness.Fit;
    List<PodCondition> all = new ArrayList<>();
    disruption(killed).ifPresent(f -> all.add(condition(SHARED, f)));
    all.add(condition("PodReadyToStartContainers", fit ? Finding.TRUE : Finding.FALSE));
    all.add(condition("Initialized", initialized(init, regular)));
    all.add(condition("Ready", containers.isTrue() ? gates() : containers));
    all.add(condition("ContainersReady", containers));
    all.add(condition("PodScheduled", Finding.TRUE));
    return all;
  }

  /** Of a pod that the node refused: nothing is known of its containers. */
  List<PodCondition> ofRejected() {
    return List.of(condition("PodScheduled", Finding.TRUE));
  }

  /** Told once the pod is over, for the pod's owner may then replace it. */
  private Optional<Finding> disruption(Optional<TerminationReason> killed) {
    return killed
        .filter(k -> DISRUPTIONS.contains(k.reason()) && phase().equals("Failed"))
        .map(
            k ->
                new Finding(
                    "True",
                    "TerminationByKubelet",
                    k.reason().equals("Preempting")
                        ? "Pod was preempted by Kubelet to accommodate a critical pod."
                        : k.message()));
  }

  private String phase() {
    return String.valueOf(status.getPhase());
  }

  private Finding initialized(List<ContainerStatus> init, List<ContainerStatus> regular) {
    if (phase().equals("Succeeded")) {
      return new Finding("True", "PodCompleted", null);
    }
    if (regular.stream().anyMatch(PodConditions::ran)) {
      return Finding.TRUE;
    }
    List<String> incomplete =
        view.desired().init().stream()
            .filter(spec -> !complete(spec, init))
            .map(ContainerSpec::name)
            .toList();
    return incomplete.isEmpty() || wasInitialized()
        ? Finding.TRUE
        : new Finding(
            "False",
            "ContainersNotInitialized",
            "containers with incomplete status: " + listed(incomplete));
  }

  /** Starting over in place takes nothing back. */
  private boolean wasInitialized() {
    return view.last().getConditions().stream()
        .anyMatch(c -> "Initialized".equals(c.getType()) && "True".equals(c.getStatus()));
  }

  private static boolean complete(ContainerSpec spec, List<ContainerStatus> init) {
    return find(spec, init)
        .filter(
            s ->
                spec.sidecar()
                    ? Boolean.TRUE.equals(s.getStarted())
                    : Boolean.TRUE.equals(s.getReady()))
        .isPresent();
  }

  private Finding containersReady(List<ContainerStatus> init, List<ContainerStatus> regular) {
    if (phase().equals("Succeeded")) {
      return new Finding("False", "PodCompleted", null);
    }
    if (phase().equals("Failed")) {
      return new Finding("False", "PodFailed", null);
    }
    List<String> unready = new ArrayList<>();
    view.desired().init().stream()
        .filter(ContainerSpec::sidecar)
        .filter(s -> !ready(s, init))
        .forEach(s -> unready.add(s.name()));
    view.desired().regular().stream()
        .filter(s -> !ready(s, regular))
        .forEach(s -> unready.add(s.name()));
    return unready.isEmpty()
        ? Finding.TRUE
        : new Finding(
            "False", "ContainersNotReady", "containers with unready status: " + listed(unready));
  }

  private Finding gates() {
    List<String> problems = new ArrayList<>();
    for (PodReadinessGate gate : view.desired().pod().getSpec().getReadinessGates()) {
      String type = gate.getConditionType();
      Optional<String> status = foreign(type);
      if (status.isEmpty()) {
        problems.add(
            "corresponding condition of pod readiness gate \"" + type + "\" does not exist.");
      } else if (!status.get().equals("True")) {
        problems.add(
            "the status of pod readiness gate \""
                + type
                + "\" is not \"True\", but "
                + status.get());
      }
    }
    return problems.isEmpty()
        ? Finding.TRUE
        : new Finding("False", "ReadinessGatesNotReady", String.join(", ", problems));
  }

  private Optional<String> foreign(String type) {
    PodStatus fromApi = view.desired().pod().getStatus();
    return fromApi == null
        ? Optional.empty()
        : fromApi.getConditions().stream()
            .filter(c -> type.equals(c.getType()))
            .map(PodCondition::getStatus)
            .findFirst();
  }

  private PodCondition condition(String type, Finding finding) {
    PodCondition condition = new PodCondition();
    condition.setType(type);
    condition.setStatus(finding.status());
    condition.setReason(finding.reason());
    condition.setMessage(finding.message());
    condition.setObservedGeneration(view.desired().pod().getMetadata().getGeneration());
    condition.setLastTransitionTime(
        view.last().getConditions().stream()
            .filter(c -> type.equals(c.getType()) && finding.status().equals(c.getStatus()))
            .map(PodCondition::getLastTransitionTime)
            .findFirst()
            .orElse(ContainerStates.time(now)));
    return condition;
  }

  private static boolean ran(ContainerStatus s) {
    return ContainerStates.isRunning(s.getState()) || ContainerStates.isTerminated(s.getState());
  }

  private static boolean ready(ContainerSpec spec, List<ContainerStatus> all) {
    return find(spec, all).filter(s -> Boolean.TRUE.equals(s.getReady())).isPresent();
  }

  private static Optional<ContainerStatus> find(ContainerSpec spec, List<ContainerStatus> all) {
    return all.stream().filter(s -> s.getName().equals(spec.name())).findFirst();
  }

  /** As Go prints a list of names. */
  private static String listed(List<String> names) {
    return "[" + String.join(" ", names) + "]";
  }

  private record Finding(String status, @Nullable String reason, @Nullable String message) {
    static final Finding TRUE = new Finding("True", null, null);
    static final Finding FALSE = new Finding("False", null, null);

    boolean isTrue() {
      return status.equals("True");
    }
  }
}
