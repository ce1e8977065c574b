package org.k3sjvm.kubelet.translate;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.cri.HugepageLimit;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.kube.QuantityNumber;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.Qos;
import org.k3sjvm.kubelet.resources.PodRequests;

/**
 * Requests and limits as the kernel's numbers.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/cm/helpers_linux.go and
 * pkg/kubelet/kuberuntime/kuberuntime_container_linux.go.
 */
public final class PodResources {
  private static final long MIN_SHARES = 2;
  private static final long MAX_SHARES = 262_144;
  private static final long SHARES_PER_CORE = 1024;
  private static final long MIN_QUOTA_MICROS = 1000;
  private static final String HUGE_PAGES = "hugepages-";

  private PodResources() {}

  /**
   * What the numbers depend on besides the pod.
   *
   * @param unified whether the kernel has one tree of control groups (v2)
   * @param cpuPeriod of quotas; empty for no quotas at all
   * @param oomGroup whether a container whose memory is short ends as a whole; with one tree only
   * @param limitedSwap whether burstable containers may swap; with one tree only
   */
  public record Host(
      HostMemory memory,
      boolean unified,
      Optional<Duration> cpuPeriod,
      boolean oomGroup,
      boolean limitedSwap) {}

  /**
   * What a pod takes together.
   *
   * @param cpuShares its weight against other pods
   * @param cpuMilliLimit empty unless every container has one
   * @param memoryLimit bytes; empty unless every container has one
   * @param hugePages bytes by size of a page
   */
  public record PodTotal(
      long cpuShares,
      OptionalLong cpuMilliLimit,
      OptionalLong memoryLimit,
      Map<Long, Long> hugePages) {
    public PodTotal {
      hugePages = Map.copyOf(hugePages);
    }
  }

  /** One container's. */
  public static LinuxResources of(DesiredPod pod, Container container, Host host) {
    PodSpec spec = pod.pod().getSpec();
    Map<String, BigDecimal> requests = requests(container.getResources());
    Map<String, BigDecimal> limits = effectiveLimits(spec, container);
    long cpuLimit = PodRequests.milli(limits, "cpu");
    long shares =
        shares(requests.containsKey("cpu") ? PodRequests.milli(requests, "cpu") : cpuLimit);
    long memoryLimit = PodRequests.whole(limits, "memory");
    LinuxResources resources =
        LinuxResources.NONE
            .withCpu(0, 0, shares)
            .withMemoryLimitBytes(memoryLimit)
            .withOomScoreAdj(OomScore.of(pod, container, host.memory().totalBytes()))
            .withHugepageLimits(hugePages(spec, container, host));
    if (host.cpuPeriod().isPresent()) {
      Duration period = host.cpuPeriod().get();
      resources = resources.withCpu(micros(period), quota(cpuLimit, period), shares);
    }
    Map<String, String> unified = new HashMap<>();
    if (host.unified() && host.oomGroup()) {
      unified.put("memory.oom.group", "1");
    }
    if (host.memory().swapLimits()) {
      if (host.unified()) {
        unified.put("memory.swap.max", "" + swap(pod, container, host));
      } else {
        resources = resources.withMemorySwapLimitBytes(memoryLimit);
      }
    }
    return resources.withUnified(unified);
  }

  /** The pod's sums, for its control group. */
  public static PodTotal total(PodSpec spec) {
    Qos qos = Qos.of(spec);
    Map<String, BigDecimal> requests = PodRequests.requests(spec);
    Map<Long, Long> hugePages = new TreeMap<>();
    requests.forEach(
        (name, amount) ->
            pageSize(name)
                .ifPresent(size -> hugePages.put(size, PodRequests.whole(requests, name))));
    if (qos == Qos.BEST_EFFORT) {
      return new PodTotal(MIN_SHARES, OptionalLong.empty(), OptionalLong.empty(), hugePages);
    }
    Map<String, BigDecimal> limits = PodRequests.limits(spec);
    boolean always = qos == Qos.GUARANTEED;
    return new PodTotal(
        shares(PodRequests.milli(requests, "cpu")),
        always || PodRequests.allLimited(spec, "cpu")
            ? OptionalLong.of(PodRequests.milli(limits, "cpu"))
            : OptionalLong.empty(),
        always || PodRequests.allLimited(spec, "memory")
            ? OptionalLong.of(PodRequests.whole(limits, "memory"))
            : OptionalLong.empty(),
        hugePages);
  }

  /** The weight of so many thousandths of a processor. */
  public static long shares(long milli) {
    return milli > MAX_SHARES * 1000
        ? MAX_SHARES
        : Math.clamp(milli * SHARES_PER_CORE / 1000, MIN_SHARES, MAX_SHARES);
  }

  /** Microseconds in each period; 0 for no limit. */
  public static long quota(long milli, Duration period) {
    return milli == 0 ? 0 : Math.max(MIN_QUOTA_MICROS, milli * micros(period) / 1000);
  }

  /** Of a resource's name such as {@code hugepages-2Mi}; empty for other resources. */
  static Optional<Long> pageSize(String resource) {
    return resource.startsWith(HUGE_PAGES)
        ? Optional.of(
            QuantityNumber.of(Quantity.parse(resource.substring(HUGE_PAGES.length()))).longValue())
        : Optional.empty();
  }

  /** As the runtime names a size: {@code 64KB}, {@code 2MB}, {@code 1GB}. */
  public static String pageUnit(long bytes) {
    List<String> units = List.of("B", "KB", "MB", "GB", "TB", "PB");
    long rest = bytes;
    int unit = 0;
    while (rest >= 1024 && rest % 1024 == 0 && unit < units.size() - 1) {
      rest /= 1024;
      unit++;
    }
    return rest + units.get(unit);
  }

  /** A container's own limits, the pod's where it has none. */
  private static Map<String, BigDecimal> effectiveLimits(PodSpec spec, Container container) {
    Map<String, BigDecimal> limits = limits(container.getResources());
    limits.values().removeIf(amount -> amount.signum() == 0);
    limits(spec.getResources()).forEach(limits::putIfAbsent);
    return limits;
  }

  private static List<HugepageLimit> hugePages(PodSpec spec, Container container, Host host) {
    Map<Long, Long> wanted = new HashMap<>();
    for (Map<String, BigDecimal> limits :
        List.of(limits(spec.getResources()), limits(container.getResources()))) {
      limits.forEach(
          (name, amount) ->
              pageSize(name).ifPresent(size -> wanted.put(size, PodRequests.whole(limits, name))));
    }
    return host.memory().hugePageSizes().stream()
        .map(size -> new HugepageLimit(pageUnit(size), wanted.getOrDefault(size, 0L)))
        .toList();
  }

  /** Whether some container of the pod may swap. */
  public static boolean swaps(DesiredPod pod, Host host) {
    return host.unified()
        && host.memory().swapLimits()
        && Stream.concat(
                pod.pod().getSpec().getContainers().stream(),
                pod.pod().getSpec().getInitContainers().stream())
            .anyMatch(c -> swap(pod, c, host) > 0);
  }

  /** Bytes that a container may swap; with one tree only. */
  private static long swap(DesiredPod pod, Container container, Host host) {
    BigDecimal request = requests(container.getResources()).getOrDefault("memory", BigDecimal.ZERO);
    BigDecimal limit = limits(container.getResources()).getOrDefault("memory", BigDecimal.ZERO);
    boolean may =
        host.limitedSwap()
            && !OomScore.critical(pod)
            && Qos.of(pod.pod().getSpec()) == Qos.BURSTABLE
            && request.compareTo(limit) != 0;
    double part = request.doubleValue() / host.memory().totalBytes();
    return may && part <= 1 ? (long) (part * host.memory().swapBytes()) : 0;
  }

  private static Map<String, BigDecimal> requests(@Nullable ResourceRequirements r) {
    return PodRequests.amounts(r == null ? null : r.getRequests());
  }

  private static Map<String, BigDecimal> limits(@Nullable ResourceRequirements r) {
    return PodRequests.amounts(r == null ? null : r.getLimits());
  }

  private static long micros(Duration time) {
    return time.toNanos() / 1000;
  }
}
