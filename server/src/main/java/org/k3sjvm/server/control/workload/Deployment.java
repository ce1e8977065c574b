package org.k3sjvm.server.control.workload;

import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.server.control.cluster.Fields;

/** Equal pods that change their template step by step. */
@JsonDeserialize(using = JsonDeserializer.None.class)
public record Deployment(
    String apiVersion, String kind, ObjectMeta metadata, Spec spec, @Nullable Status status)
    implements Workload {

  /** Source: Kubernetes v1.36 pkg/apis/apps/v1/defaults.go. */
  private static final int DEFAULT_PROGRESS_DEADLINE_SECONDS = 600;

  private static final int DEFAULT_HISTORY = 10;

  /** What is wanted. */
  public record Spec(
      @Nullable Integer replicas,
      @Nullable Integer minReadySeconds,
      @Nullable LabelSelector selector,
      @Nullable PodTemplateSpec template,
      @Nullable Strategy strategy,
      @Nullable Integer revisionHistoryLimit,
      @Nullable Integer progressDeadlineSeconds,
      boolean paused) {}

  /** How old pods give way to new ones. */
  public record Strategy(@Nullable String type, @Nullable RollingUpdate rollingUpdate) {}

  /** Numbers or shares of pods. */
  public record RollingUpdate(
      @Nullable IntOrString maxSurge, @Nullable IntOrString maxUnavailable) {}

  /** What is. */
  public record Status(
      long observedGeneration,
      int replicas,
      int updatedReplicas,
      int readyReplicas,
      int availableReplicas,
      int unavailableReplicas,
      @Nullable Integer collisionCount,
      @Nullable List<Condition> conditions) {
    static final Status NONE = new Status(0, 0, 0, 0, 0, 0, null, null);

    public Optional<Condition> condition(String type) {
      return Fields.list(conditions).stream().filter(one -> one.type().equals(type)).findFirst();
    }
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

  int history() {
    return Fields.number(spec.revisionHistoryLimit(), DEFAULT_HISTORY);
  }

  Duration progressDeadline() {
    return Duration.ofSeconds(
        Fields.number(spec.progressDeadlineSeconds(), DEFAULT_PROGRESS_DEADLINE_SECONDS));
  }

  /** The status, of zeros while there is none. */
  public Status observed() {
    return status == null ? Status.NONE : status;
  }

  boolean isRecreate() {
    return spec.strategy() != null && "Recreate".equals(spec.strategy().type());
  }

  /** How many pods beyond those wanted there may be. */
  int maxSurge() {
    return isRecreate() ? 0 : bounds()[0];
  }

  /** How many of those wanted may be missing. */
  int maxUnavailable() {
    return isRecreate() ? wanted() : Math.min(wanted(), bounds()[1]);
  }

  /** Both cannot be nothing. Source: deployment util ResolveFenceposts. */
  private int[] bounds() {
    RollingUpdate update = spec.strategy() == null ? null : spec.strategy().rollingUpdate();
    int surge = Shares.roundedUp(update == null ? null : update.maxSurge(), wanted());
    int missing = Shares.roundedDown(update == null ? null : update.maxUnavailable(), wanted());
    return new int[] {surge, surge == 0 && missing == 0 ? 1 : missing};
  }
}
