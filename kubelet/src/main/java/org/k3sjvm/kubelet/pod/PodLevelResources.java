package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.QuantityNumber;
import org.k3sjvm.kubelet.resources.PodRequests;

/**
 * What a pod as a whole may use, where its owner says so for the pod itself. What is in force is
 * known from what was reported last.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go, convertToAPIPodLevelResourcesStatus, and
 * pkg/kubelet/kuberuntime/kuberuntime_manager.go, computePodLevelResourcesResizeAction.
 */
final class PodLevelResources {
  private static final List<String> RESIZABLE = List.of("cpu", "memory");

  private PodLevelResources() {}

  /**
   * Sets what was granted and what is in force; nothing for pods without resources of their own.
   */
  static void show(PodSpec granted, PodStatus last, PodStatus status) {
    if (granted.getResources() != null) {
      status.setAllocatedResources(quantities(PodRequests.requests(granted)));
      status.setResources(last.getResources() != null ? last.getResources() : all(granted));
    }
  }

  /** What is in force of that which the spec sets for the pod; empty when that is not known. */
  static Optional<ResourceRequirements> inForce(PodSpec granted, PodStatus last) {
    ResourceRequirements now = last.getResources();
    ResourceRequirements own = granted.getResources();
    if (now == null || own == null) {
      return Optional.empty();
    }
    return Optional.of(
        new ResourceRequirementsBuilder(own)
            .withRequests(own(now.getRequests(), own.getRequests(), granted))
            .withLimits(own(now.getLimits(), own.getLimits(), granted))
            .build());
  }

  /** What is shown once everything granted is in force. */
  static ResourceRequirements all(PodSpec granted) {
    return new ResourceRequirementsBuilder()
        .withRequests(quantities(PodRequests.requests(granted)))
        .withLimits(quantities(PodRequests.limits(granted)))
        .build();
  }

  /** A container's own, with the pod's limits where it has none. */
  static ResourceRequirements effective(
      @Nullable ResourceRequirements container, @Nullable ResourceRequirements pod) {
    ResourceRequirementsBuilder result =
        container == null
            ? new ResourceRequirementsBuilder()
            : new ResourceRequirementsBuilder(container);
    if (pod != null && pod.getLimits() != null) {
      Map<String, Quantity> limits =
          container == null || container.getLimits() == null
              ? new TreeMap<>()
              : new TreeMap<>(container.getLimits());
      for (String name : RESIZABLE) {
        Quantity limit = pod.getLimits().get(name);
        Quantity own = limits.get(name);
        if (limit != null && (own == null || QuantityNumber.of(own).signum() == 0)) {
          limits.put(name, limit);
        }
      }
      result.withLimits(limits);
    }
    return result.build();
  }

  /** Overhead, which is reported on top, is taken off. */
  private static Map<String, Quantity> own(
      @Nullable Map<String, Quantity> now, @Nullable Map<String, Quantity> own, PodSpec spec) {
    Map<String, BigDecimal> overhead = PodRequests.amounts(spec.getOverhead());
    Map<String, BigDecimal> reported = PodRequests.amounts(now);
    Map<String, BigDecimal> result = PodRequests.amounts(own);
    result.replaceAll(
        (name, wanted) ->
            RESIZABLE.contains(name) && reported.containsKey(name)
                ? reported.get(name).subtract(overhead.getOrDefault(name, BigDecimal.ZERO))
                : wanted);
    return quantities(result);
  }

  private static Map<String, Quantity> quantities(Map<String, BigDecimal> amounts) {
    Map<String, Quantity> result = new TreeMap<>();
    amounts.forEach((name, amount) -> result.put(name, Quantities.of(name, amount)));
    return result;
  }
}
