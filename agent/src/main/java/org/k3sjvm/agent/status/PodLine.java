package org.k3sjvm.agent.status;

import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A pod in a line.
 *
 * @param reason why it is not ready; empty when it is
 */
public record PodLine(
    String namespace, String name, String phase, boolean ready, boolean ended, String reason) {
  public static final Comparator<PodLine> BY_NAME =
      Comparator.comparing(PodLine::namespace).thenComparing(PodLine::name);

  /** What the newest status says. */
  public static PodLine of(Pod pod) {
    PodStatus status = pod.getStatus() == null ? new PodStatus() : pod.getStatus();
    String phase = Objects.requireNonNullElse(status.getPhase(), "Pending");
    Optional<PodCondition> readiness =
        status.getConditions().stream().filter(c -> "Ready".equals(c.getType())).findFirst();
    boolean ready = readiness.filter(c -> "True".equals(c.getStatus())).isPresent();
    boolean ended = phase.equals("Succeeded") || phase.equals("Failed");
    return new PodLine(
        pod.getMetadata().getNamespace(),
        pod.getMetadata().getName(),
        phase,
        ready,
        ended,
        ready ? "" : reason(pod, status, readiness));
  }

  /** The most telling one. */
  private static String reason(Pod pod, PodStatus status, Optional<PodCondition> readiness) {
    if (pod.getMetadata().getDeletionTimestamp() != null) {
      return "Terminating";
    }
    return Stream.of(status.getInitContainerStatuses(), status.getContainerStatuses())
        .flatMap(List::stream)
        .map(PodLine::trouble)
        .flatMap(Optional::stream)
        .findFirst()
        .or(() -> text(status.getReason(), status.getMessage()))
        .or(() -> readiness.flatMap(c -> text(c.getReason(), c.getMessage())))
        .orElse("not started yet");
  }

  private static Optional<String> trouble(ContainerStatus container) {
    if (container.getState() == null) {
      return Optional.empty();
    }
    ContainerStateWaiting waiting = container.getState().getWaiting();
    if (waiting != null) {
      return text(waiting.getReason(), waiting.getMessage())
          .map(text -> container.getName() + ": " + text);
    }
    ContainerStateTerminated ended = container.getState().getTerminated();
    if (ended != null && !Objects.equals(ended.getExitCode(), 0)) {
      return Optional.of(container.getName() + ": ended with " + ended.getExitCode());
    }
    return Optional.empty();
  }

  private static Optional<String> text(@Nullable String reason, @Nullable String message) {
    boolean more = message != null && !message.isEmpty();
    if (reason == null || reason.isEmpty()) {
      return more ? Optional.of(String.valueOf(message)) : Optional.empty();
    }
    return Optional.of(more ? reason + ": " + message : reason);
  }
}
