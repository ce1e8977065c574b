package org.k3sjvm.server.control.workload;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.kube.Resource;

/**
 * An object that owns pods, with the part of its fields that controllers read. It is changed by
 * patches alone, so fields that are not here are never lost. Source: k8s.io/api v0.36 apps/v1,
 * batch/v1.
 */
public sealed interface Workload extends HasMetadata
    permits ReplicaSet, Deployment, DaemonSet, StatefulSet, Job {
  Resource<ReplicaSet> REPLICA_SETS =
      new Resource<>("apps/v1", "replicasets", "ReplicaSet", ReplicaSet.class, true);
  Resource<Deployment> DEPLOYMENTS =
      new Resource<>("apps/v1", "deployments", "Deployment", Deployment.class, true);
  Resource<DaemonSet> DAEMON_SETS =
      new Resource<>("apps/v1", "daemonsets", "DaemonSet", DaemonSet.class, true);
  Resource<StatefulSet> STATEFUL_SETS =
      new Resource<>("apps/v1", "statefulsets", "StatefulSet", StatefulSet.class, true);
  Resource<Job> JOBS = new Resource<>("batch/v1", "jobs", "Job", Job.class, true);

  /** One thing that is true or false about a workload. */
  record Condition(
      String type,
      String status,
      @Nullable String reason,
      @Nullable String message,
      @Nullable String lastUpdateTime,
      @Nullable String lastProbeTime,
      @Nullable String lastTransitionTime) {}

  /** Which pods belong to it. */
  @Nullable LabelSelector selector();

  /** What new pods look like. */
  @Nullable PodTemplateSpec template();

  /** A template with metadata, to be changed. */
  default PodTemplateSpec templateCopy() {
    PodTemplateSpec template = template();
    PodTemplateSpec copy =
        template == null
            ? new PodTemplateSpec()
            : KubeJson.treeTo(KubeJson.tree(template), PodTemplateSpec.class);
    if (copy.getMetadata() == null) {
      copy.setMetadata(new ObjectMeta());
    }
    return copy;
  }

  /** A selector to be changed. */
  default LabelSelector selectorCopy() {
    LabelSelector selector = selector();
    return selector == null
        ? new LabelSelector()
        : KubeJson.treeTo(KubeJson.tree(selector), LabelSelector.class);
  }

  ObjectMeta metadata();

  String apiVersion();

  String kind();

  /** Grows with each change of the spec. */
  default long generation() {
    Long generation = metadata().getGeneration();
    return generation == null ? 0 : generation;
  }

  @Override
  default ObjectMeta getMetadata() {
    return metadata();
  }

  @Override
  default String getApiVersion() {
    return apiVersion();
  }

  @Override
  default String getKind() {
    return kind();
  }

  @Override
  default void setMetadata(ObjectMeta metadata) {
    throw new UnsupportedOperationException("a workload is changed by patches");
  }

  @Override
  default void setApiVersion(String apiVersion) {
    throw new UnsupportedOperationException("a workload is changed by patches");
  }
}
