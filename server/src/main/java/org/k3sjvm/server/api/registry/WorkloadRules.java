package org.k3sjvm.server.api.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.select.LabelSelector;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/**
 * Kinds with a pod template. Source: pkg/apis/apps/v1/defaults.go, pkg/apis/batch/v1/defaults.go.
 */
final class WorkloadRules implements Rules {
  private static final int PROGRESS_SECONDS = 600;
  private static final int REVISIONS = 10;

  private final Kind kind;

  WorkloadRules(Kind kind) {
    this.kind = kind;
  }

  @Override
  public void defaults(ObjectNode object) {
    ObjectNode spec = Trees.child(object, "spec");
    PodDefaults.fill(podSpec(spec));
    switch (kind.kind()) {
      case "Deployment" -> deployment(spec);
      case "ReplicaSet", "ReplicationController" -> Trees.fill(spec, "replicas", 1);
      case "StatefulSet" -> statefulSet(spec);
      case "DaemonSet" -> daemonSet(spec);
      case "Job" -> job(spec);
      case "CronJob" -> cronJob(spec);
      default -> {}
    }
  }

  private ObjectNode podSpec(ObjectNode spec) {
    return kind.equals(Kinds.CRON_JOB)
        ? Trees.child(spec, "jobTemplate", "spec", "template", "spec")
        : Trees.child(spec, "template", "spec");
  }

  private static void deployment(ObjectNode spec) {
    Trees.fill(spec, "replicas", 1);
    Trees.fill(spec, "revisionHistoryLimit", REVISIONS);
    Trees.fill(spec, "progressDeadlineSeconds", PROGRESS_SECONDS);
    ObjectNode strategy = Trees.child(spec, "strategy");
    Trees.fill(strategy, "type", "RollingUpdate");
    if (Trees.text(strategy, "type").equals("RollingUpdate")) {
      ObjectNode rolling = Trees.child(strategy, "rollingUpdate");
      Trees.fill(rolling, "maxUnavailable", "25%");
      Trees.fill(rolling, "maxSurge", "25%");
    }
  }

  private static void statefulSet(ObjectNode spec) {
    Trees.fill(spec, "replicas", 1);
    Trees.fill(spec, "revisionHistoryLimit", REVISIONS);
    Trees.fill(spec, "podManagementPolicy", "OrderedReady");
    ObjectNode strategy = Trees.child(spec, "updateStrategy");
    Trees.fill(strategy, "type", "RollingUpdate");
    if (Trees.text(strategy, "type").equals("RollingUpdate")) {
      Trees.fill(Trees.child(strategy, "rollingUpdate"), "partition", 0);
    }
    ObjectNode retention = Trees.child(spec, "persistentVolumeClaimRetentionPolicy");
    Trees.fill(retention, "whenDeleted", "Retain");
    Trees.fill(retention, "whenScaled", "Retain");
  }

  private static void daemonSet(ObjectNode spec) {
    Trees.fill(spec, "revisionHistoryLimit", REVISIONS);
    ObjectNode strategy = Trees.child(spec, "updateStrategy");
    Trees.fill(strategy, "type", "RollingUpdate");
    if (Trees.text(strategy, "type").equals("RollingUpdate")) {
      Trees.fill(Trees.child(strategy, "rollingUpdate"), "maxUnavailable", 1);
      Trees.fill(Trees.child(strategy, "rollingUpdate"), "maxSurge", 0);
    }
  }

  private static void job(ObjectNode spec) {
    if (!Trees.has(spec, "completions") && !Trees.has(spec, "parallelism")) {
      spec.put("completions", 1);
    }
    Trees.fill(spec, "parallelism", 1);
    Trees.fill(spec, "backoffLimit", 6);
    Trees.fill(spec, "completionMode", "NonIndexed");
    Trees.fill(spec, "suspend", false);
    Trees.fill(spec, "podReplacementPolicy", "TerminatingOrFailed");
  }

  private static void cronJob(ObjectNode spec) {
    Trees.fill(spec, "concurrencyPolicy", "Allow");
    Trees.fill(spec, "suspend", false);
    Trees.fill(spec, "successfulJobsHistoryLimit", 3);
    Trees.fill(spec, "failedJobsHistoryLimit", 1);
  }

  /** A job selects its own pods by its uid. */
  @Override
  public void beforeCreate(ObjectNode object) {
    if (!kind.equals(Kinds.JOB) || object.path("spec").path("manualSelector").asBoolean(false)) {
      return;
    }
    String uid = Meta.uid(object);
    Trees.child(object, "spec", "selector", "matchLabels")
        .put("batch.kubernetes.io/controller-uid", uid);
    Trees.child(object, "spec", "template", "metadata", "labels")
        .put("batch.kubernetes.io/controller-uid", uid)
        .put("batch.kubernetes.io/job-name", Meta.name(object))
        .put("controller-uid", uid)
        .put("job-name", Meta.name(object));
  }

  @Override
  public void validate(ObjectNode object, Problems problems) {
    ObjectNode spec = Trees.child(object, "spec");
    if (kind.equals(Kinds.CRON_JOB)) {
      if (Trees.text(spec, "schedule").isEmpty()) {
        problems.required("spec.schedule", "");
      }
      PodRules.validateSpec(podSpec(spec), "spec.jobTemplate.spec.template.spec", problems);
      return;
    }
    PodRules.validateSpec(podSpec(spec), "spec.template.spec", problems);
    if (Trees.number(spec, "replicas") < 0) {
      problems.invalid(
          "spec.replicas",
          Long.toString(Trees.number(spec, "replicas")),
          "must be greater than or equal to 0");
    }
    String restart = Trees.text(podSpec(spec), "restartPolicy");
    if (kind.equals(Kinds.JOB)) {
      if (restart.equals("Always")) {
        problems.unsupported(
            "spec.template.spec.restartPolicy", restart, java.util.List.of("OnFailure", "Never"));
      }
      return;
    }
    if (!restart.equals("Always")) {
      problems.unsupported(
          "spec.template.spec.restartPolicy", restart, java.util.List.of("Always"));
    }
    selector(object, problems);
  }

  private void selector(ObjectNode object, Problems problems) {
    if (kind.equals(Kinds.REPLICATION_CONTROLLER)) {
      return;
    }
    var selector = Trees.at(object, "spec", "selector");
    if (selector.isEmpty()) {
      problems.invalid(
          "spec.selector",
          "",
          "empty selector is invalid for " + kind.kind().toLowerCase(java.util.Locale.ROOT));
    } else if (!LabelSelector.of(selector)
        .matches(Trees.at(object, "spec", "template", "metadata", "labels"))) {
      problems.invalid(
          "spec.template.metadata.labels",
          Trees.at(object, "spec", "template", "metadata", "labels").toString(),
          "`selector` does not match template `labels`");
    }
  }

  @Override
  public void validateUpdate(ObjectNode after, ObjectNode before, Problems problems) {
    boolean fixed = !kind.equals(Kinds.CRON_JOB) && !kind.equals(Kinds.REPLICATION_CONTROLLER);
    if (fixed && !after.at("/spec/selector").equals(before.at("/spec/selector"))) {
      problems.invalid(
          "spec.selector", after.at("/spec/selector").toString(), "field is immutable");
    }
    if (kind.equals(Kinds.JOB) && !after.at("/spec/template").equals(before.at("/spec/template"))) {
      problems.invalid("spec.template", "", "field is immutable");
    }
    if (kind.equals(Kinds.STATEFUL_SET)
        && !after.at("/spec/serviceName").equals(before.at("/spec/serviceName"))) {
      problems.forbidden(
          "spec",
          "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template',"
              + " 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'"
              + " are forbidden");
    }
  }
}
