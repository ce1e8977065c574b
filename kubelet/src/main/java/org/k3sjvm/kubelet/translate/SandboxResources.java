package org.k3sjvm.kubelet.translate;

import io.fabric8.kubernetes.api.model.PodSpec;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.kubelet.resources.PodRequests;

/**
 * What runtimes that size a sandbox beforehand, such as virtual machines, are told of a pod.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kuberuntime/kuberuntime_sandbox_linux.go.
 */
final class SandboxResources {
  /** Whatever period the containers have. Source: kubelet v1.36 quotaPeriod. */
  private static final Duration PERIOD = Duration.ofMillis(100);

  private SandboxResources() {}

  /** The containers' together, without overhead. */
  static LinuxResources containers(PodSpec spec) {
    Map<String, BigDecimal> overhead = PodRequests.amounts(spec.getOverhead());
    Map<String, BigDecimal> requests = PodRequests.requestsWithoutOverhead(spec);
    Map<String, BigDecimal> limits = PodRequests.limits(spec);
    overhead.forEach(
        (name, o) -> limits.computeIfPresent(name, (n, l) -> l.signum() == 0 ? l : l.subtract(o)));
    long cpuLimit = PodRequests.milli(limits, "cpu");
    long shares = requests.containsKey("cpu") ? PodRequests.milli(requests, "cpu") : cpuLimit;
    return of(shares, cpuLimit, PodRequests.whole(limits, "memory"));
  }

  /** The sandbox's own; empty when the pod has none. */
  static Optional<LinuxResources> overhead(PodSpec spec) {
    if (spec.getOverhead() == null || spec.getOverhead().isEmpty()) {
      return Optional.empty();
    }
    Map<String, BigDecimal> overhead = PodRequests.amounts(spec.getOverhead());
    long cpu = PodRequests.milli(overhead, "cpu");
    return Optional.of(of(cpu, cpu, PodRequests.whole(overhead, "memory")));
  }

  private static LinuxResources of(long cpuMilli, long cpuMilliLimit, long memoryLimit) {
    return LinuxResources.NONE
        .withCpu(
            PERIOD.toNanos() / 1000,
            PodResources.quota(cpuMilliLimit, PERIOD),
            PodResources.shares(cpuMilli))
        .withMemoryLimitBytes(memoryLimit);
  }
}
