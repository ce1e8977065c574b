package org.k3sjvm.server.control.schedule;

import static org.k3sjvm.server.control.cluster.Fields.text;

import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Optional;

/** Which taints a pod bears. Source: component-helpers v0.36 scheduling/corev1. */
public final class Tolerations {
  private Tolerations() {}

  /** Whether one toleration is about a taint. */
  public static boolean tolerates(Toleration toleration, Taint taint) {
    String effect = text(toleration.getEffect());
    String key = text(toleration.getKey());
    boolean aboutEffect = effect.isEmpty() || effect.equals(taint.getEffect());
    boolean aboutKey = key.isEmpty() || key.equals(taint.getKey());
    if (!aboutEffect || !aboutKey) {
      return false;
    }
    return switch (text(toleration.getOperator())) {
      case "Exists" -> true;
      case "", "Equal" ->
          !key.isEmpty() && text(toleration.getValue()).equals(text(taint.getValue()));
      default -> false;
    };
  }

  public static boolean tolerates(List<Toleration> tolerations, Taint taint) {
    return tolerations.stream().anyMatch(toleration -> tolerates(toleration, taint));
  }

  /** The first taint that keeps the pod from being placed on the node. */
  public static Optional<Taint> firstForbidding(List<Taint> taints, List<Toleration> tolerations) {
    return taints.stream()
        .filter(taint -> !text(taint.getEffect()).equals("PreferNoSchedule"))
        .filter(taint -> !tolerates(tolerations, taint))
        .findFirst();
  }
}
