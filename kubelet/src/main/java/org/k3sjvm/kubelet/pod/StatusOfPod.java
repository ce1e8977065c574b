package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The status that follows from one look at a pod. Never older than the one before it.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go, generateAPIPodStatus, and
 * pkg/kubelet/status/status_manager.go, updateStatusInternal and mergePodStatus.
 */
final class StatusOfPod {
  private static final Logger log = LoggerFactory.getLogger(StatusOfPod.class);

  private StatusOfPod() {}

  /**
   * The kubelet's part of the status.
   *
   * @param steps what is next for containers whose turn it is
   * @param fit whether the planner found the sandbox fit; while a pod ends it does not ask
   */
  static PodStatus of(
      PodView view, Map<String, ContainerStep> steps, boolean fit, PodPhase phase, Instant now) {
    PodStatus status = headOf(view, now);
    Optional<TerminationReason> killed = killed(phase);
    if (killed.isPresent() && neverTaken(view)) {
      setEnd(view, status, killed.get());
      status.setConditions(new PodConditions(view, status, now).ofRejected());
      return status;
    }
    setContainers(view, steps, phase, status);
    setPhase(view, status, phase, killed);
    PodAddresses.set(view, status);
    PodLevelResources.show(view.desired().pod().getSpec(), view.last(), status);
    status.setConditions(new PodConditions(view, status, now).of(fit, killed));
    Optional<String> illegal = IllegalTransition.between(view.last(), status, view.desired());
    if (illegal.isPresent()) {
      log.atError()
          .addKeyValue("pod", view.desired().fullName())
          .addKeyValue("reason", illegal.get())
          .log("status dropped, it would take back an end");
      return view.last();
    }
    return status;
  }

  private static PodStatus headOf(PodView view, Instant now) {
    PodStatus status = new PodStatus();
    Long generation = view.desired().pod().getMetadata().getGeneration();
    Long told = view.last().getObservedGeneration();
    status.setObservedGeneration(
        told != null && generation != null && told > generation ? told : generation);
    status.setStartTime(
        Optional.ofNullable(view.last().getStartTime()).orElseGet(() -> ContainerStates.time(now)));
    status.setQosClass(Qos.of(view.desired().pod()).text());
    return status;
  }

  private static void setContainers(
      PodView view, Map<String, ContainerStep> steps, PodPhase phase, PodStatus status) {
    DesiredPod pod = view.desired();
    boolean begun =
        pod.regular().stream()
            .flatMap(c -> view.observed().newest(c.name()).stream())
            .anyMatch(c -> c.state() != org.k3sjvm.cri.ContainerState.UNKNOWN);
    boolean ending = !(phase instanceof PodPhase.Syncing);
    ContainerStatuses statuses = new ContainerStatuses(view, steps, begun, ending);
    List<ContainerStatus> init = statuses.of(pod.init(), false);
    List<ContainerStatus> regular = statuses.of(pod.regular(), true);
    if (phase instanceof PodPhase.Terminated) {
      LastStatuses.settle(pod, view.last(), init, regular);
    }
    status.setInitContainerStatuses(init);
    status.setContainerStatuses(regular);
    status.setEphemeralContainerStatuses(statuses.of(pod.ephemeral(), true));
  }

  private static void setPhase(
      PodView view, PodStatus status, PodPhase phase, Optional<TerminationReason> killed) {
    if (isOver(view.last())) {
      keep(view.last(), status);
      return;
    }
    PodStatus api = view.desired().pod().getStatus();
    if (api != null && isOver(api)) {
      keep(api, status);
      return;
    }
    boolean terminated = phase instanceof PodPhase.Terminated;
    if (terminated && killed.isPresent()) {
      setEnd(view, status, killed.get());
      return;
    }
    String computed =
        PhaseOfPod.of(
            view.desired(),
            status.getInitContainerStatuses(),
            status.getContainerStatuses(),
            begunInSandbox(view),
            terminated && !isStatic(view.desired()));
    boolean ended = computed.equals("Succeeded") || computed.equals("Failed");
    if (terminated && !ended && !isStatic(view.desired())) {
      status.setPhase("Failed");
    } else if (!terminated && ended) {
      // Others may take a pod that is over for one whose containers are gone.
      keep(view.last(), status);
    } else {
      status.setPhase(computed);
    }
    if (status.getPhase().equals(view.last().getPhase())) {
      status.setReason(view.last().getReason());
      status.setMessage(view.last().getMessage());
    }
  }

  private static void setEnd(PodView view, PodStatus status, TerminationReason reason) {
    if (isOver(view.last())) {
      keep(view.last(), status);
      return;
    }
    status.setPhase("Failed");
    status.setReason(reason.reason());
    status.setMessage(reason.message());
  }

  private static void keep(PodStatus last, PodStatus status) {
    status.setPhase(last.getPhase() == null ? "Pending" : last.getPhase());
    status.setReason(last.getReason());
    status.setMessage(last.getMessage());
  }

  /** The node's own reason to end it. */
  private static Optional<TerminationReason> killed(PodPhase phase) {
    Optional<TerminationReason> reason =
        switch (phase) {
          case PodPhase.Syncing _ -> Optional.empty();
          case PodPhase.Terminating(Instant _, TerminationReason r) -> Optional.of(r);
          case PodPhase.Terminated(Instant _, TerminationReason r) -> Optional.of(r);
        };
    return reason.filter(r -> r.kind() == TerminationReason.Kind.KILLED);
  }

  /** Whether the node refused it before it told of any container. */
  private static boolean neverTaken(PodView view) {
    return view.observed().nothing()
        && view.last().getContainerStatuses().isEmpty()
        && view.last().getInitContainerStatuses().isEmpty();
  }

  private static boolean begunInSandbox(PodView view) {
    return view.observed().sandboxes().stream()
        .limit(1)
        .anyMatch(
            s ->
                view.desired().regular().stream()
                    .anyMatch(c -> view.observed().newest(c.name(), s.id()).isPresent()));
  }

  /** From a file of this node; the annotation tells. Its end is not told, for it comes back. */
  private static boolean isStatic(DesiredPod pod) {
    var annotations = pod.pod().getMetadata().getAnnotations();
    String source = annotations == null ? null : annotations.get("kubernetes.io/config.source");
    return source != null && !source.equals("api");
  }

  private static boolean isOver(PodStatus status) {
    return "Succeeded".equals(status.getPhase()) || "Failed".equals(status.getPhase());
  }
}
