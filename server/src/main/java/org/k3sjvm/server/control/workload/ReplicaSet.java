package org.k3sjvm.server.control.workload;

import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.server.control.cluster.Fields;

/** A number of equal pods. */
@JsonDeserialize(using = JsonDeserializer.None.class)
public record ReplicaSet(
    String apiVersion, String kind, ObjectMeta metadata, Spec spec, @Nullable Status status)
    implements Workload {

  /** What is wanted. */
  public record Spec(
      @Nullable Integer replicas,
      @Nullable Integer minReadySeconds,
      @Nullable LabelSelector selector,
      @Nullable PodTemplateSpec template) {}

  /** What is. */
  public record Status(
      int replicas,
      int fullyLabeledReplicas,
      int readyReplicas,
      int availableReplicas,
      long observedGeneration) {
    static final Status NONE = new Status(0, 0, 0, 0, 0);
  }

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

  Duration minReady() {
    return Duration.ofSeconds(Fields.number(spec.minReadySeconds(), 0));
  }

  Status observed() {
    return status == null ? Status.NONE : status;
  }
}
