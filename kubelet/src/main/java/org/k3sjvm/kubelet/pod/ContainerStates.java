package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateRunning;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.ContainerId;

/** The states a container's status can show, and how to read them. */
final class ContainerStates {
  /** The reason for an end that nobody saw. */
  static final String UNKNOWN = "ContainerStatusUnknown";

  private static final int SIGKILLED = 137;

  private ContainerStates() {}

  /** Containers that Kubernetes knows carry the runtime's name in front. */
  static String idText(ContainerId id) {
    return "containerd://" + id.value();
  }

  /** Whole seconds, as the API server keeps them. */
  static String time(Instant at) {
    return at.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  static ContainerState running(Instant since) {
    ContainerState state = new ContainerState();
    state.setRunning(new ContainerStateRunning(time(since)));
    return state;
  }

  static ContainerState waiting(@Nullable String reason, @Nullable String message) {
    ContainerStateWaiting wait = new ContainerStateWaiting();
    wait.setReason(reason);
    wait.setMessage(message);
    ContainerState state = new ContainerState();
    state.setWaiting(wait);
    return state;
  }

  /**
   * As the runtime tells it.
   *
   * @param messageBytes how long its last words may be
   */
  static ContainerState terminated(ObservedContainer is, int messageBytes) {
    String reason =
        !is.reason().isEmpty() ? is.reason() : is.exitCode() == 0 ? "Completed" : "Error";
    String message = is.message().isEmpty() ? null : shortened(is.message(), messageBytes);
    ContainerState state = terminated(is.exitCode(), reason, message);
    ContainerStateTerminated end = state.getTerminated();
    end.setStartedAt(time(is.startedAt().orElse(Instant.EPOCH)));
    end.setFinishedAt(time(is.finishedAt().orElse(Instant.EPOCH)));
    end.setContainerID(idText(is.id()));
    return state;
  }

  static ContainerState terminated(int exitCode, String reason, @Nullable String message) {
    ContainerStateTerminated end = new ContainerStateTerminated();
    end.setExitCode(exitCode);
    end.setReason(reason);
    end.setMessage(message);
    ContainerState state = new ContainerState();
    state.setTerminated(end);
    return state;
  }

  /** It ended, and nobody saw how: that counts as a failure. */
  static ContainerState lost(String message) {
    return terminated(SIGKILLED, UNKNOWN, message);
  }

  static boolean isTerminated(@Nullable ContainerState state) {
    return state != null && state.getTerminated() != null;
  }

  static boolean isRunning(@Nullable ContainerState state) {
    return state != null && state.getRunning() != null;
  }

  static boolean isWaiting(@Nullable ContainerState state) {
    return state != null && state.getWaiting() != null;
  }

  static Optional<Integer> exitCode(@Nullable ContainerState state) {
    return state == null || state.getTerminated() == null
        ? Optional.empty()
        : Optional.ofNullable(state.getTerminated().getExitCode());
  }

  /** Whether it runs or ended at least once. */
  static boolean everRan(ContainerStatus status) {
    return isRunning(status.getState())
        || isTerminated(status.getState())
        || isTerminated(status.getLastState());
  }

  /** The beginning of a text, at most so many bytes long, cut between characters. */
  static String shortened(String text, int bytes) {
    if (text.length() <= bytes / 3) {
      return text;
    }
    byte[] all = text.getBytes(StandardCharsets.UTF_8);
    if (all.length <= bytes) {
      return text;
    }
    int end = bytes;
    while (end > 0 && (all[end] & 0xC0) == 0x80) {
      end--;
    }
    return new String(all, 0, end, StandardCharsets.UTF_8);
  }
}
