package org.k3sjvm.server.control.workload;

import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.server.control.cluster.Fields;

/** One pod on each node that wants it. */
@JsonDeserialize(using = JsonDeserializer.None.class)
public record DaemonSet(
    String apiVersion, String kind, ObjectMeta metadata, Spec spec, @Nullable Status status)
    implements Workload {

  /** What is wanted. */
  public record Spec(
      @Nullable LabelSelector selector,
      @Nullable PodTemplateSpec template,
      @Nullable UpdateStrategy updateStrategy,
      @Nullable Integer minReadySeconds) {}

  /** How old pods give way to new ones. */
  public record UpdateStrategy(@Nullable String type, @Nullable RollingUpdate rollingUpdate) {}

  /** A number or share of nodes. */
  public record RollingUpdate(@Nullable IntOrString maxUnavailable) {}

  /** What is. */
  public record Status(
      int currentNumberScheduled,
      int numberMisscheduled,
      int desiredNumberScheduled,
      int numberReady,
      int updatedNumberScheduled,
      int numberAvailable,
      int numberUnavailable,
      long observedGeneration) {}

  @Override
  public @Nullable LabelSelector selector() {
    return spec.selector();
  }

  @Override
  public @Nullable PodTemplateSpec template() {
    return spec.template();
  }

  Duration minReady() {
    return Duration.ofSeconds(Fields.number(spec.minReadySeconds(), 0));
  }

  boolean updatesByItself() {
    return spec.updateStrategy() == null || !"OnDelete".equals(spec.updateStrategy().type());
  }

  /** How many nodes may be without a pod during an update; at least one. */
  int maxUnavailable(int nodes) {
    RollingUpdate update =
        spec.updateStrategy() == null ? null : spec.updateStrategy().rollingUpdate();
    IntOrString share = update == null ? null : update.maxUnavailable();
    return share == null ? 1 : Math.max(1, Shares.roundedUp(share, nodes));
  }
}
