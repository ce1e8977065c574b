package org.k3sjvm.server.control.workload;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.workload.Workload.Condition;

/**
 * What a Deployment says of its progress; {@code kubectl rollout status} reads it. Source:
 * Kubernetes v1.36 pkg/controller/deployment progress.go.
 */
final class DeploymentConditions {
  private static final String AVAILABLE = "Available";
  private static final String PROGRESSING = "Progressing";
  private static final String DONE = "NewReplicaSetAvailable";
  private static final String LATE = "ProgressDeadlineExceeded";

  private DeploymentConditions() {}

  /**
   * The conditions that go with new counts.
   *
   * @param now without conditions
   * @param set the name of the set of the newest template
   */
  static List<Condition> next(
      Deployment deployment, Deployment.Status now, String set, Instant moment) {
    List<Condition> conditions = new ArrayList<>();
    for (Condition other : Fields.list(deployment.observed().conditions())) {
      if (!other.type().equals(AVAILABLE) && !other.type().equals(PROGRESSING)) {
        conditions.add(other);
      }
    }
    conditions.add(available(deployment, now, moment));
    conditions.add(progressing(deployment, now, set, moment));
    return conditions;
  }

  /** When the deadline for progress will be over. */
  static Optional<Duration> untilLate(Deployment deployment, Instant moment) {
    return deployment
        .observed()
        .condition(PROGRESSING)
        .filter(one -> !DONE.equals(one.reason()) && !LATE.equals(one.reason()))
        .flatMap(one -> Fields.instant(one.lastUpdateTime()))
        .map(since -> Duration.between(moment, since.plus(deployment.progressDeadline())))
        .map(left -> left.plusSeconds(1)); // times have whole seconds
  }

  /** Whether everything runs in its newest form. */
  static boolean isComplete(Deployment deployment, Deployment.Status now) {
    int wanted = deployment.wanted();
    return now.updatedReplicas() == wanted
        && now.replicas() == wanted
        && now.availableReplicas() == wanted;
  }

  private static Condition available(Deployment deployment, Deployment.Status now, Instant moment) {
    boolean enough = now.availableReplicas() >= deployment.wanted() - deployment.maxUnavailable();
    return enough
        ? changed(
            deployment,
            AVAILABLE,
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
            moment)
        : changed(
            deployment,
            AVAILABLE,
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
            moment);
  }

  private static Condition progressing(
      Deployment deployment, Deployment.Status now, String set, Instant moment) {
    Deployment.Status before = deployment.observed();
    Optional<Condition> present = before.condition(PROGRESSING);
    String quoted = "ReplicaSet \"" + set + "\"";
    if (deployment.spec().paused()) {
      return changed(
          deployment, PROGRESSING, "Unknown", "DeploymentPaused", "Deployment is paused", moment);
    }
    if (isComplete(deployment, now)) {
      return changed(
          deployment, PROGRESSING, "True", DONE, quoted + " has successfully progressed.", moment);
    }
    if (present.isEmpty()) {
      return changed(
          deployment,
          PROGRESSING,
          "True",
          "NewReplicaSetCreated",
          "Created new replica set \"" + set + "\"",
          moment);
    }
    boolean finishedBefore =
        DONE.equals(present.get().reason()) && now.updatedReplicas() == now.replicas();
    if (finishedBefore) {
      return present.get(); // a pod that is replaced is no new rollout
    }
    boolean further =
        now.updatedReplicas() > before.updatedReplicas()
            || now.replicas() - now.updatedReplicas() < before.replicas() - before.updatedReplicas()
            || now.readyReplicas() > before.readyReplicas()
            || now.availableReplicas() > before.availableReplicas()
            || DONE.equals(present.get().reason())
            || "DeploymentPaused".equals(present.get().reason());
    if (further) {
      return touched(deployment, "ReplicaSetUpdated", quoted + " is progressing.", moment);
    }
    boolean late =
        Fields.instant(present.get().lastUpdateTime())
            .filter(since -> since.plus(deployment.progressDeadline()).isBefore(moment))
            .isPresent();
    return late
        ? changed(
            deployment, PROGRESSING, "False", LATE, quoted + " has timed out progressing.", moment)
        : present.get();
  }

  /** As it was when nothing differs; the transition time moves with the status alone. */
  private static Condition changed(
      Deployment deployment,
      String type,
      String status,
      String reason,
      String message,
      Instant moment) {
    Optional<Condition> before = deployment.observed().condition(type);
    if (before
        .filter(one -> one.status().equals(status) && reason.equals(one.reason()))
        .isPresent()) {
      return before.get();
    }
    return condition(before, type, status, reason, message, moment);
  }

  private static Condition touched(
      Deployment deployment, String reason, String message, Instant moment) {
    return condition(
        deployment.observed().condition(PROGRESSING), PROGRESSING, "True", reason, message, moment);
  }

  private static Condition condition(
      Optional<Condition> before,
      String type,
      String status,
      String reason,
      String message,
      Instant moment) {
    @Nullable String since =
        before
            .filter(one -> one.status().equals(status))
            .map(Condition::lastTransitionTime)
            .orElse(null);
    String time = Fields.time(moment);
    return new Condition(type, status, reason, message, time, null, since == null ? time : since);
  }
}
