package org.k3sjvm.server.control.workload;

import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.server.control.cluster.Fields;

/** Pods with names of their own, in order. */
@JsonDeserialize(using = JsonDeserializer.None.class)
public record StatefulSet(
    String apiVersion, String kind, ObjectMeta metadata, Spec spec, @Nullable Status status)
    implements Workload {

  /** What is wanted. */
  public record Spec(
      @Nullable Integer replicas,
      @Nullable LabelSelector selector,
      @Nullable PodTemplateSpec template,
      @Nullable String serviceName,
      @Nullable String podManagementPolicy,
      @Nullable UpdateStrategy updateStrategy,
      @Nullable Integer minReadySeconds,
      @Nullable Ordinals ordinals,
      @Nullable List<PersistentVolumeClaim> volumeClaimTemplates) {}

  /** How old pods give way to new ones. */
  public record UpdateStrategy(@Nullable String type, @Nullable RollingUpdate rollingUpdate) {}

  /** Pods below the partition keep the old template. */
  public record RollingUpdate(@Nullable Integer partition) {}

  /** The number of the first pod. */
  public record Ordinals(int start) {}

  /** What is. */
  public record Status(
      int replicas,
      int readyReplicas,
      int availableReplicas,
      int currentReplicas,
      int updatedReplicas,
      @Nullable String currentRevision,
      @Nullable String updateRevision,
      long observedGeneration) {}

  @Override
  public @Nullable LabelSelector selector() {
    return spec.selector();
  }

  @Override
  public @Nullable PodTemplateSpec template() {
    return spec.template();
  }

  int wanted() {
    return Fields.number(spec.replicas(), 1);
  }

  int first() {
    return spec.ordinals() == null ? 0 : spec.ordinals().start();
  }

  Duration minReady() {
    return Duration.ofSeconds(Fields.number(spec.minReadySeconds(), 0));
  }

  boolean isParallel() {
    return "Parallel".equals(spec.podManagementPolicy());
  }

  boolean updatesByItself() {
    return spec.updateStrategy() == null || !"OnDelete".equals(spec.updateStrategy().type());
  }

  int partition() {
    RollingUpdate update =
        spec.updateStrategy() == null ? null : spec.updateStrategy().rollingUpdate();
    return update == null ? 0 : Fields.number(update.partition(), 0);
  }
}
