package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.QuantityNumber;

/**
 * The pod's quality of service class, which names its control group.
 *
 * <p>Source: Kubernetes v1.36 pkg/apis/core/helper/qos/qos.go, ComputePodQOS.
 */
public enum Qos {
  GUARANTEED("Guaranteed"),
  BURSTABLE("Burstable"),
  BEST_EFFORT("BestEffort");

  private static final List<String> COUNTED = List.of("cpu", "memory");

  private final String text;

  Qos(String text) {
    this.text = text;
  }

  /** As the API writes it. */
  public String text() {
    return text;
  }

  /** As the API server told it when the pod was made; else by its specification. */
  public static Qos of(Pod pod) {
    String told = pod.getStatus() == null ? null : pod.getStatus().getQosClass();
    return Arrays.stream(values())
        .filter(q -> q.text.equals(told))
        .findFirst()
        .orElseGet(() -> of(pod.getSpec()));
  }

  /** The class by requests and limits; the pod's own come before its containers'. */
  public static Qos of(PodSpec spec) {
    if (spec.getResources() != null && set(spec.getResources())) {
      return guaranteed(spec.getResources()) ? GUARANTEED : BURSTABLE;
    }
    List<ResourceRequirements> all =
        Stream.concat(spec.getContainers().stream(), spec.getInitContainers().stream())
            .map(Container::getResources)
            .map(r -> r == null ? new ResourceRequirements() : r)
            .toList();
    if (all.stream().noneMatch(Qos::set)) {
      return BEST_EFFORT;
    }
    return all.stream().allMatch(Qos::guaranteed) ? GUARANTEED : BURSTABLE;
  }

  private static boolean set(ResourceRequirements r) {
    return COUNTED.stream()
        .anyMatch(
            n -> amount(r.getRequests(), n).isPresent() || amount(r.getLimits(), n).isPresent());
  }

  /** Every limit is there, and no request differs from it. */
  private static boolean guaranteed(ResourceRequirements r) {
    return COUNTED.stream()
        .allMatch(
            n -> {
              Optional<BigDecimal> limit = amount(r.getLimits(), n);
              Optional<BigDecimal> request = amount(r.getRequests(), n);
              return limit.isPresent()
                  && request.map(q -> q.compareTo(limit.get()) == 0).orElse(true);
            });
  }

  private static Optional<BigDecimal> amount(@Nullable Map<String, Quantity> from, String name) {
    return Optional.ofNullable(from == null ? null : from.get(name))
        .map(QuantityNumber::of)
        .filter(a -> a.signum() > 0);
  }
}
