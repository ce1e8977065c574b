package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.kube.QuantityNumber;

/**
 * What a container may use as its status says: what the node granted, and for a running one what is
 * in force.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go, convertToAPIContainerStatuses, and
 * pkg/kubelet/kuberuntime/kuberuntime_container_linux.go, toKubeContainerResources.
 */
final class ContainerResources {
  /** The kernel takes no less. Source: kubelet v1.36 pkg/kubelet/cm, MinShares. */
  private static final long LEAST_SHARES = 2;

  /** 1 ms in 100 ms. Source: kubelet v1.36 pkg/kubelet/cm, MinMilliCPULimit. */
  private static final long LEAST_LIMIT_MILLIS = 10;

  private static final long SHARES_OF_A_CPU = 1024;
  private static final long MILLIS = 1000;

  private ContainerResources() {}

  /** Sets what was granted and what is in force. */
  static void show(
      Container granted,
      ObservedContainer is,
      Optional<ContainerStatus> last,
      ContainerStatus status) {
    ResourceRequirements own =
        Objects.requireNonNullElseGet(granted.getResources(), ResourceRequirements::new);
    status.setAllocatedResources(own.getRequests());
    status.setResources(is.running() ? inForce(own, is, last) : own);
  }

  private static ResourceRequirements inForce(
      ResourceRequirements granted, ObservedContainer is, Optional<ContainerStatus> last) {
    LinuxResources now = is.actual().resources().orElse(LinuxResources.NONE);
    Optional<ResourceRequirements> before =
        last.filter(l -> ContainerStates.isRunning(l.getState()))
            .filter(l -> ContainerStates.idText(is.id()).equals(l.getContainerID()))
            .map(ContainerStatus::getResources);
    ResourceRequirementsBuilder shown = new ResourceRequirementsBuilder(granted);
    if (some(granted.getLimits())) {
      Map<String, Quantity> limits = new TreeMap<>(granted.getLimits());
      Map<String, Quantity> old = before.map(ResourceRequirements::getLimits).orElse(Map.of());
      set(limits, "cpu", limitMillis(now), LEAST_LIMIT_MILLIS, old);
      set(limits, "memory", now.memoryLimitBytes(), old);
      shown.withLimits(limits);
    }
    if (some(granted.getRequests())) {
      Map<String, Quantity> requests = new TreeMap<>(granted.getRequests());
      Map<String, Quantity> old = before.map(ResourceRequirements::getRequests).orElse(Map.of());
      set(requests, "cpu", requestMillis(now), LEAST_SHARES, old);
      set(requests, "memory", 0, old); // the runtime does not know requests for memory
      shown.withRequests(requests);
    }
    return shown.build();
  }

  /** Amounts the kernel rounds up to its least stay as they were granted. */
  private static void set(
      Map<String, Quantity> into,
      String name,
      long millis,
      long least,
      @Nullable Map<String, Quantity> old) {
    if (millis <= 0) {
      keep(into, name, old);
    } else if (millis > least
        || amount(into.get(name)).compareTo(BigDecimal.valueOf(least, 3)) > 0) {
      put(into, name, BigDecimal.valueOf(millis, 3), Quantities.cpu(millis));
    }
  }

  private static void set(
      Map<String, Quantity> into, String name, long bytes, @Nullable Map<String, Quantity> old) {
    if (bytes <= 0) {
      keep(into, name, old);
    } else {
      put(into, name, BigDecimal.valueOf(bytes), Quantities.binary(bytes));
    }
  }

  private static void keep(
      Map<String, Quantity> into, String name, @Nullable Map<String, Quantity> old) {
    Quantity before = old == null ? null : old.get(name);
    if (before != null) {
      into.put(name, before);
    }
  }

  /** The same amount keeps the way it is written. */
  private static void put(
      Map<String, Quantity> into, String name, BigDecimal amount, Quantity written) {
    Quantity granted = into.get(name);
    if (granted == null || QuantityNumber.of(granted).compareTo(amount) != 0) {
      into.put(name, written);
    }
  }

  private static long limitMillis(LinuxResources now) {
    return now.cpuPeriodMicros() > 0 && now.cpuQuotaMicros() > 0
        ? now.cpuQuotaMicros() * MILLIS / now.cpuPeriodMicros()
        : 0;
  }

  private static long requestMillis(LinuxResources now) {
    return now.cpuShares() >= LEAST_SHARES
        ? Math.ceilDiv(now.cpuShares() * MILLIS, SHARES_OF_A_CPU)
        : 0;
  }

  private static BigDecimal amount(@Nullable Quantity quantity) {
    return quantity == null ? BigDecimal.ZERO : QuantityNumber.of(quantity);
  }

  private static boolean some(@Nullable Map<String, Quantity> amounts) {
    return amounts != null && !amounts.isEmpty();
  }
}
