package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Probe;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.ContainerId;

/**
 * One look at a pod: what is wanted, what is, and what was reported last.
 *
 * @param hostIps the node's addresses, the primary first
 * @param pace how soon this node restarts what ends
 */
public record PodView(
    DesiredPod desired,
    ObservedPod observed,
    ProbeVerdicts probes,
    io.fabric8.kubernetes.api.model.PodStatus last,
    List<String> hostIps,
    RestartPace pace) {

  public PodView {
    hostIps = List.copyOf(hostIps);
  }

  /** At the usual pace. */
  public PodView(
      DesiredPod desired,
      ObservedPod observed,
      ProbeVerdicts probes,
      io.fabric8.kubernetes.api.model.PodStatus last,
      List<String> hostIps) {
    this(desired, observed, probes, last, hostIps, RestartPace.DEFAULT);
  }

  /** Where the pod is reached, as its newest sandbox shows it; empty when nowhere. */
  List<String> podIps() {
    return desired.hostNetwork()
        ? hostIps
        : observed.sandboxes().stream()
            .map(ObservedSandbox::ips)
            .filter(ips -> !ips.isEmpty())
            .findFirst()
            .orElseGet(List::of);
  }

  /** The same look after a newer report. */
  PodView after(io.fabric8.kubernetes.api.model.PodStatus report) {
    return new PodView(desired, observed, probes, report, hostIps, pace);
  }

  /** What was last reported of a container. */
  Optional<ContainerStatus> lastOf(ContainerSpec spec) {
    List<ContainerStatus> all =
        switch (spec.kind()) {
          case INIT, SIDECAR -> last.getInitContainerStatuses();
          case REGULAR -> last.getContainerStatuses();
          case EPHEMERAL -> last.getEphemeralContainerStatuses();
        };
    return all.stream().filter(s -> s.getName().equals(spec.name())).findFirst();
  }

  /** The restart count of the next instance. Never goes back. */
  int nextCount(ContainerSpec spec) {
    int reported = lastOf(spec).map(PodView::countAfter).orElse(0);
    return observed
        .newest(spec.name())
        .map(c -> Math.max(c.attempt() + 1, reported))
        .orElse(reported);
  }

  private static int countAfter(ContainerStatus status) {
    int count = status.getRestartCount() == null ? 0 : status.getRestartCount();
    boolean ran = status.getContainerID() != null && !status.getContainerID().isEmpty();
    boolean counted = status.getState() != null && status.getState().getWaiting() != null;
    return ran && !counted ? count + 1 : count;
  }

  /** Whether a probe that the container has gave its verdict against it. */
  boolean failed(ContainerSpec spec, ContainerId container, ProbeVerdicts.Kind kind) {
    return probe(spec, kind) != null
        && probes.verdict(container, kind) == ProbeVerdicts.Verdict.FAILURE;
  }

  /** Whether the container counts as up: it runs, and its start-up probe agrees. */
  boolean started(ContainerSpec spec, ObservedContainer is) {
    return is.running()
        && (probe(spec, ProbeVerdicts.Kind.STARTUP) == null
            || switch (probes.verdict(is.id(), ProbeVerdicts.Kind.STARTUP)) {
              case SUCCESS -> true;
              case FAILURE -> false;
              case UNKNOWN -> reported(spec, is).map(s -> isTrue(s.getStarted())).orElse(false);
            });
  }

  /** Whether traffic may go to the container. */
  boolean ready(ContainerSpec spec, ObservedContainer is) {
    return started(spec, is)
        && (probe(spec, ProbeVerdicts.Kind.READINESS) == null
            || switch (probes.verdict(is.id(), ProbeVerdicts.Kind.READINESS)) {
              case SUCCESS -> true;
              case FAILURE -> false;
              case UNKNOWN -> reported(spec, is).map(s -> isTrue(s.getReady())).orElse(false);
            });
  }

  /** The last report, when it was about this very run of the container. */
  private Optional<ContainerStatus> reported(ContainerSpec spec, ObservedContainer is) {
    return lastOf(spec).filter(s -> ContainerStatuses.idText(is.id()).equals(s.getContainerID()));
  }

  static @Nullable Probe probe(ContainerSpec spec, ProbeVerdicts.Kind kind) {
    if (spec.kind() == ContainerSpec.Kind.INIT || spec.kind() == ContainerSpec.Kind.EPHEMERAL) {
      return null;
    }
    return switch (kind) {
      case STARTUP -> spec.container().getStartupProbe();
      case READINESS -> spec.container().getReadinessProbe();
      case LIVENESS -> spec.container().getLivenessProbe();
    };
  }

  private static boolean isTrue(@Nullable Boolean value) {
    return Boolean.TRUE.equals(value);
  }
}
