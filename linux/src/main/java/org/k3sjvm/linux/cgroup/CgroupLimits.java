package org.k3sjvm.linux.cgroup;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a group may use; an absent value is left as it is, {@link #UNLIMITED} takes a limit away.
 *
 * @param cpuShares weight against siblings, 2 to 262144; 1024 is one processor's worth
 * @param cpuQuotaPerPeriod processor time in each period
 * @param cpuPeriod the quota's period; 100 ms where absent
 * @param memoryBytes most memory
 * @param pids most processes and threads
 * @param hugePages most bytes by size of a page, which is written as in {@code 2MB}
 */
public record CgroupLimits(
    OptionalLong cpuShares,
    Optional<Duration> cpuQuotaPerPeriod,
    Optional<Duration> cpuPeriod,
    OptionalLong memoryBytes,
    OptionalLong pids,
    Map<String, Long> hugePages) {
  /** For memory, pids and huge pages. */
  public static final long UNLIMITED = -1;

  /** For the quota. */
  public static final Duration UNLIMITED_CPU = Duration.ofNanos(-1);

  /** Source: kubelet, MinShares of a BestEffort pod. */
  public static final long MIN_CPU_SHARES = 2;

  public static final long MAX_CPU_SHARES = 262_144;

  public static final CgroupLimits NONE =
      new CgroupLimits(
          OptionalLong.empty(),
          Optional.empty(),
          Optional.empty(),
          OptionalLong.empty(),
          OptionalLong.empty(),
          Map.of());

  public CgroupLimits {
    hugePages = Map.copyOf(hugePages);
  }

  public static CgroupLimits cpuShares(long shares) {
    return NONE.withCpuShares(shares);
  }

  public CgroupLimits withCpuShares(long shares) {
    return new CgroupLimits(
        OptionalLong.of(Math.clamp(shares, MIN_CPU_SHARES, MAX_CPU_SHARES)),
        cpuQuotaPerPeriod,
        cpuPeriod,
        memoryBytes,
        pids,
        hugePages);
  }

  public CgroupLimits withCpuQuota(Duration quotaPerPeriod, Duration period) {
    return new CgroupLimits(
        cpuShares, Optional.of(quotaPerPeriod), Optional.of(period), memoryBytes, pids, hugePages);
  }

  public CgroupLimits withMemoryBytes(long bytes) {
    return new CgroupLimits(
        cpuShares, cpuQuotaPerPeriod, cpuPeriod, OptionalLong.of(bytes), pids, hugePages);
  }

  public CgroupLimits withPids(long count) {
    return new CgroupLimits(
        cpuShares, cpuQuotaPerPeriod, cpuPeriod, memoryBytes, OptionalLong.of(count), hugePages);
  }

  public CgroupLimits withHugePages(Map<String, Long> bytes) {
    return new CgroupLimits(cpuShares, cpuQuotaPerPeriod, cpuPeriod, memoryBytes, pids, bytes);
  }

  /**
   * The cgroup v2 weight, 1 to 10000, that stands for v1 shares. Source: KEP-2254, {@code 1 +
   * ((shares - 2) * 9999) / 262142}.
   */
  public static long weightOf(long shares) {
    return 1 + (Math.clamp(shares, MIN_CPU_SHARES, MAX_CPU_SHARES) - 2) * 9999 / 262142;
  }
}
