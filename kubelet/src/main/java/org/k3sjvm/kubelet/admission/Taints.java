package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Taints that end pods, and who tolerates them; other effects are the scheduler's.
 *
 * <p>Source: Kubernetes v1.36 core/v1 toleration.go, ToleratesTaint.
 */
final class Taints {
  private Taints() {}

  static boolean tolerated(PodSpec spec, List<Taint> taints) {
    return taints.stream()
        .filter(t -> "NoExecute".equals(t.getEffect()))
        .allMatch(taint -> spec.getTolerations().stream().anyMatch(t -> tolerates(t, taint)));
  }

  private static boolean tolerates(Toleration toleration, Taint taint) {
    if (set(toleration.getEffect()) && !toleration.getEffect().equals(taint.getEffect())) {
      return false;
    }
    if (set(toleration.getKey()) && !toleration.getKey().equals(taint.getKey())) {
      return false;
    }
    String operator = toleration.getOperator();
    if (!set(operator) || operator.equals("Equal")) {
      return Objects.requireNonNullElse(toleration.getValue(), "")
          .equals(Objects.requireNonNullElse(taint.getValue(), ""));
    }
    return operator.equals("Exists");
  }

  private static boolean set(@Nullable String text) {
    return text != null && !text.isEmpty();
  }
}
