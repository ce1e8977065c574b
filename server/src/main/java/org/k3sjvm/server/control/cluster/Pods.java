package org.k3sjvm.server.control.cluster;

import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.text;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Questions that several controllers ask about a pod. Source: Kubernetes v1.36 pkg/api/v1/pod. */
public final class Pods {
  private Pods() {}

  /** Empty while it is not scheduled. */
  public static String nodeName(Pod pod) {
    return pod.getSpec() == null ? "" : text(pod.getSpec().getNodeName());
  }

  public static String phase(Pod pod) {
    return pod.getStatus() == null ? "" : text(pod.getStatus().getPhase());
  }

  /** Whether none of its containers will run again. */
  public static boolean isTerminal(Pod pod) {
    return phase(pod).equals("Succeeded") || phase(pod).equals("Failed");
  }

  public static Optional<PodCondition> condition(Pod pod, String type) {
    return pod.getStatus() == null
        ? Optional.empty()
        : list(pod.getStatus().getConditions()).stream()
            .filter(condition -> condition.getType().equals(type))
            .findFirst();
  }

  public static boolean isReady(Pod pod) {
    return condition(pod, "Ready").filter(ready -> ready.getStatus().equals("True")).isPresent();
  }

  /** Since when it is ready; empty when it is not. */
  public static Optional<Instant> readySince(Pod pod) {
    return condition(pod, "Ready")
        .filter(ready -> ready.getStatus().equals("True"))
        .map(ready -> Fields.instant(ready.getLastTransitionTime()).orElse(Instant.EPOCH));
  }

  /** Whether it has been ready for a time; at a time of zero, whether it is ready. */
  public static boolean isAvailable(Pod pod, Duration minReady, Instant now) {
    return readySince(pod).filter(since -> !since.plus(minReady).isAfter(now)).isPresent();
  }

  public static int restarts(Pod pod) {
    return pod.getStatus() == null
        ? 0
        : list(pod.getStatus().getContainerStatuses()).stream()
            .mapToInt(status -> Fields.number(status.getRestartCount(), 0))
            .max()
            .orElse(0);
  }
}
