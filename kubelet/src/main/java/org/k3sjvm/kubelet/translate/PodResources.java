package org.k3sjvm.kubelet.translate;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.Qos;

/**
 * Requests and limits as the kernel's numbers.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/cm/helpers_linux.go and pkg/kubelet/qos/policy.go.
 */
public final class PodResources {
  public static final long PERIOD_MICROS = 100_000;

  private static final long MIN_SHARES = 2;
  private static final long MAX_SHARES = 262_144;
  private static final long MIN_QUOTA_MICROS = 1000;
  private static final long CRITICAL_PRIORITY = 2_000_000_000L;
  private static final int GUARANTEED_OOM = -997;
  private static final int BEST_EFFORT_OOM = 1000;

  private PodResources() {}

  /** What a pod takes together; limits are empty unless every container has one. */
  public record PodTotal(long cpuShares, OptionalLong cpuMilliLimit, OptionalLong memoryLimit) {}

  /** One container's. */
  public static LinuxResources of(DesiredPod pod, Container container, long nodeMemoryBytes) {
    ResourceRequirements r = container.getResources();
    OptionalLong cpuRequest = milli(requests(r), "cpu");
    OptionalLong cpuLimit = milli(limits(r), "cpu");
    long shares = shares(cpuRequest.isPresent() ? cpuRequest : cpuLimit);
    long quota = cpuLimit.isPresent() ? quota(cpuLimit.getAsLong()) : 0;
    return LinuxResources.NONE
        .withCpu(PERIOD_MICROS, quota, shares)
        .withMemoryLimitBytes(whole(limits(r), "memory").orElse(0))
        .withOomScoreAdj(oomScore(pod, container, nodeMemoryBytes));
  }

  /** The pod's sums, for its control group. Source: kubelet ResourceConfigForPod. */
  public static PodTotal total(PodSpec spec) {
    if (Qos.of(spec) == Qos.BEST_EFFORT) {
      return new PodTotal(MIN_SHARES, OptionalLong.empty(), OptionalLong.empty());
    }
    long cpu = effective(spec, c -> milliRequest(c.getResources()));
    return new PodTotal(
        shares(OptionalLong.of(cpu + overhead(spec, "cpu", true))),
        limit(spec, c -> milli(limits(c.getResources()), "cpu"), overhead(spec, "cpu", true)),
        limit(
            spec, c -> whole(limits(c.getResources()), "memory"), overhead(spec, "memory", false)));
  }

  /** Linear in the share of the node's memory that a burstable container asks for. */
  static int oomScore(DesiredPod pod, Container container, long nodeMemoryBytes) {
    PodSpec spec = pod.pod().getSpec();
    Integer priority = spec.getPriority();
    if (priority != null && priority >= CRITICAL_PRIORITY) {
      return GUARANTEED_OOM;
    }
    return switch (Qos.of(spec)) {
      case GUARANTEED -> GUARANTEED_OOM;
      case BEST_EFFORT -> BEST_EFFORT_OOM;
      case BURSTABLE -> {
        long request = whole(requests(container.getResources()), "memory").orElse(0);
        long score = 1000 - 1000 * request / Math.max(1, nodeMemoryBytes);
        yield Math.clamp(score, 1000 + GUARANTEED_OOM, BEST_EFFORT_OOM - 1);
      }
    };
  }

  static long shares(OptionalLong milli) {
    return milli.isEmpty()
        ? MIN_SHARES
        : Math.clamp(milli.getAsLong() * 1024 / 1000, MIN_SHARES, MAX_SHARES);
  }

  /** Microseconds in each period. */
  public static long quota(long milli) {
    return Math.max(MIN_QUOTA_MICROS, milli * PERIOD_MICROS / 1000);
  }

  private static long milliRequest(@Nullable ResourceRequirements r) {
    OptionalLong request = milli(requests(r), "cpu");
    return request.isPresent() ? request.getAsLong() : milli(limits(r), "cpu").orElse(0);
  }

  /** The largest that is needed at one time: all regular containers, or one init container. */
  private static long effective(PodSpec spec, Function<Container, Long> of) {
    long sidecars = 0;
    long peak = 0;
    for (Container c : spec.getInitContainers()) {
      if ("Always".equals(c.getRestartPolicy())) {
        sidecars += of.apply(c);
        peak = Math.max(peak, sidecars);
      } else {
        peak = Math.max(peak, sidecars + of.apply(c));
      }
    }
    long regular = spec.getContainers().stream().mapToLong(of::apply).sum();
    return Math.max(peak, sidecars + regular);
  }

  private static OptionalLong limit(
      PodSpec spec, Function<Container, OptionalLong> of, long overhead) {
    boolean all =
        spec.getContainers().stream().allMatch(c -> of.apply(c).isPresent())
            && spec.getInitContainers().stream().allMatch(c -> of.apply(c).isPresent());
    return all
        ? OptionalLong.of(effective(spec, c -> of.apply(c).orElse(0)) + overhead)
        : OptionalLong.empty();
  }

  private static long overhead(PodSpec spec, String name, boolean milli) {
    return (milli ? milli(spec.getOverhead(), name) : whole(spec.getOverhead(), name)).orElse(0);
  }

  private static @Nullable Map<String, Quantity> requests(@Nullable ResourceRequirements r) {
    return r == null ? null : r.getRequests();
  }

  private static @Nullable Map<String, Quantity> limits(@Nullable ResourceRequirements r) {
    return r == null ? null : r.getLimits();
  }

  private static OptionalLong milli(@Nullable Map<String, Quantity> from, String name) {
    return ceiling(from, name, BigDecimal.valueOf(1000));
  }

  private static OptionalLong whole(@Nullable Map<String, Quantity> from, String name) {
    return ceiling(from, name, BigDecimal.ONE);
  }

  private static OptionalLong ceiling(
      @Nullable Map<String, Quantity> from, String name, BigDecimal times) {
    Optional<Quantity> quantity = Optional.ofNullable(from == null ? null : from.get(name));
    return quantity
        .map(q -> q.getNumericalAmount().multiply(times).setScale(0, RoundingMode.CEILING))
        .map(q -> OptionalLong.of(q.longValue()))
        .orElseGet(OptionalLong::empty);
  }
}
