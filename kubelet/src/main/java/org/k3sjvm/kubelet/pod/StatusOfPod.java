package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.HostIP;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The status that follows from one look at a pod. Never older than the one before it. */
final class StatusOfPod {
  private StatusOfPod() {}

  /**
   * The kubelet's part of the status.
   *
   * @param steps what is next for containers whose turn it is
   * @param fit whether the sandbox can hold containers
   */
  static PodStatus of(
      PodView view, Map<String, ContainerStep> steps, boolean fit, PodPhase phase, Instant now) {
    DesiredPod pod = view.desired();
    PodStatus last = view.last();
    boolean begun =
        pod.regular().stream()
            .anyMatch(c -> view.observed().newest(c.name()).isPresent() || ranBefore(view, c));
    boolean ending = !(phase instanceof PodPhase.Syncing);
    ContainerStatuses statuses = new ContainerStatuses(view, steps, begun, ending);
    List<ContainerStatus> init = statuses.of(pod.init(), false);
    List<ContainerStatus> regular = statuses.of(pod.regular(), true);
    PodStatus status = new PodStatus();
    status.setInitContainerStatuses(init);
    status.setContainerStatuses(regular);
    status.setEphemeralContainerStatuses(statuses.of(pod.ephemeral(), true));
    status.setObservedGeneration(pod.pod().getMetadata().getGeneration());
    status.setStartTime(
        Optional.ofNullable(last.getStartTime()).orElseGet(() -> ContainerStatuses.time(now)));
    status.setQosClass(Qos.of(pod.pod().getSpec()).text());
    setPhase(view, status, phase);
    status.setConditions(
        new PodConditions(view, status.getPhase(), now).of(fit && !ending, init, regular));
    setAddresses(view, status);
    return status;
  }

  private static void setPhase(PodView view, PodStatus status, PodPhase phase) {
    PodStatus last = view.last();
    boolean over = "Succeeded".equals(last.getPhase()) || "Failed".equals(last.getPhase());
    Optional<TerminationReason> reason =
        switch (phase) {
          case PodPhase.Syncing _ -> Optional.empty();
          case PodPhase.Terminating(Instant _, TerminationReason r) -> Optional.of(r);
          case PodPhase.Terminated(Instant _, TerminationReason r) -> Optional.of(r);
        };
    if (over) {
      status.setPhase(last.getPhase());
      status.setReason(last.getReason());
      status.setMessage(last.getMessage());
      return;
    }
    boolean terminated = phase instanceof PodPhase.Terminated;
    String computed =
        PhaseOfPod.of(
            view.desired(),
            status.getInitContainerStatuses(),
            status.getContainerStatuses(),
            terminated);
    boolean ended = computed.equals("Succeeded") || computed.equals("Failed");
    status.setPhase(computed);
    reason
        .filter(r -> r.kind() == TerminationReason.Kind.KILLED)
        .ifPresent(
            r -> {
              status.setReason(r.reason());
              status.setMessage(r.message());
            });
    boolean killed = reason.filter(r -> r.kind() == TerminationReason.Kind.KILLED).isPresent();
    if (terminated && (killed || !ended)) {
      status.setPhase("Failed");
    } else if (!terminated && ended) {
      // Others may take a pod that is over for one whose containers are gone.
      status.setPhase(last.getPhase() == null ? "Running" : last.getPhase());
    }
  }

  private static boolean ranBefore(PodView view, ContainerSpec spec) {
    return view.lastOf(spec)
        .filter(s -> s.getContainerID() != null && !s.getContainerID().isEmpty())
        .isPresent();
  }

  private static void setAddresses(PodView view, PodStatus status) {
    status.setHostIP(view.hostIps().getFirst());
    status.setHostIPs(view.hostIps().stream().map(HostIP::new).toList());
    List<String> own =
        view.desired().hostNetwork()
            ? view.hostIps()
            : view.observed().sandboxes().stream()
                .map(ObservedSandbox::ips)
                .filter(ips -> !ips.isEmpty())
                .findFirst()
                .orElseGet(() -> view.last().getPodIPs().stream().map(PodIP::getIp).toList());
    if (!own.isEmpty()) {
      status.setPodIP(own.getFirst());
      status.setPodIPs(own.stream().map(PodIP::new).toList());
    }
  }
}
