package org.k3sjvm.server.control.workload;

import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.server.control.cluster.Fields;

/** Pods that run to their end. */
@JsonDeserialize(using = JsonDeserializer.None.class)
public record Job(
    String apiVersion, String kind, ObjectMeta metadata, Spec spec, @Nullable Status status)
    implements Workload {

  /** What is wanted. */
  public record Spec(
      @Nullable Integer parallelism,
      @Nullable Integer completions,
      @Nullable Integer backoffLimit,
      @Nullable Long activeDeadlineSeconds,
      @Nullable Integer ttlSecondsAfterFinished,
      @Nullable String completionMode,
      @Nullable LabelSelector selector,
      @Nullable PodTemplateSpec template,
      boolean suspend) {}

  /** What is. */
  public record Status(
      int active,
      int ready,
      int succeeded,
      int failed,
      @Nullable String startTime,
      @Nullable String completionTime,
      @Nullable List<Condition> conditions) {
    static final Status NONE = new Status(0, 0, 0, 0, null, null, null);
  }

  @Override
  public @Nullable LabelSelector selector() {
    return spec.selector();
  }

  @Override
  public @Nullable PodTemplateSpec template() {
    return spec.template();
  }

  Status observed() {
    return status == null ? Status.NONE : status;
  }

  int parallelism() {
    return Fields.number(spec.parallelism(), 1);
  }

  int backoffLimit() {
    return Fields.number(spec.backoffLimit(), 6); // Source: pkg/apis/batch/v1/defaults.go
  }

  /** The condition that ended it; empty while it goes on. */
  public Optional<Condition> ended() {
    return Fields.list(observed().conditions()).stream()
        .filter(one -> one.type().equals("Complete") || one.type().equals("Failed"))
        .filter(one -> one.status().equals("True"))
        .findFirst();
  }
}
