package org.k3sjvm.server.control.node;

import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.schedule.Tolerations;

/**
 * When taints drive a pod away. Source: kube-controller-manager v1.36 pkg/controller/tainteviction.
 */
final class Eviction {
  private Eviction() {}

  /**
   * The moment to delete the pod, now or later.
   *
   * @param taints with effect NoExecute
   * @return empty when it may stay for ever
   */
  static Optional<Instant> due(List<Taint> taints, List<Toleration> tolerations, Instant now) {
    Optional<Instant> earliest = Optional.empty();
    for (Taint taint : taints) {
      List<Toleration> about =
          tolerations.stream().filter(one -> Tolerations.tolerates(one, taint)).toList();
      if (about.isEmpty()) {
        return Optional.of(now);
      }
      Optional<Duration> patience = patience(about);
      if (patience.isPresent()) {
        Instant at = Fields.instant(taint.getTimeAdded()).orElse(now).plus(patience.get());
        if (earliest.isEmpty() || at.isBefore(earliest.get())) {
          earliest = Optional.of(at);
        }
      }
    }
    return earliest;
  }

  /** The shortest of the limited ones; empty when all are without a limit. */
  private static Optional<Duration> patience(List<Toleration> about) {
    return about.stream()
        .filter(toleration -> toleration.getTolerationSeconds() != null)
        .map(toleration -> Duration.ofSeconds(Math.max(0, toleration.getTolerationSeconds())))
        .min(Duration::compareTo);
  }
}
