package org.k3sjvm.cri;

import java.util.List;
import java.util.Map;

/**
 * Resource limits of a container, or sums of a sandbox. As on the wire, 0, an empty text and an
 * empty collection mean "not set".
 *
 * @param cpuPeriodMicros CFS period
 * @param cpuQuotaMicros CFS quota; −1 for none
 * @param cpuShares relative weight, 2 to 262144
 * @param memoryLimitBytes 0 for none
 * @param memorySwapLimitBytes memory and swap together (cgroup v1), −1 for no limit
 * @param oomScoreAdj −1000 to 1000
 * @param cpusetCpus such as {@code 0-2,5}
 * @param cpusetMems such as {@code 0}
 * @param unified cgroup v2 files and what to write into them
 */
public record LinuxResources(
    long cpuPeriodMicros,
    long cpuQuotaMicros,
    long cpuShares,
    long memoryLimitBytes,
    long memorySwapLimitBytes,
    long oomScoreAdj,
    String cpusetCpus,
    String cpusetMems,
    List<HugepageLimit> hugepageLimits,
    Map<String, String> unified) {

  /** Nothing set. */
  public static final LinuxResources NONE =
      new LinuxResources(0, 0, 0, 0, 0, 0, "", "", List.of(), Map.of());

  public LinuxResources {
    hugepageLimits = List.copyOf(hugepageLimits);
    unified = Map.copyOf(unified);
  }

  /** The same with other CPU settings. */
  public LinuxResources withCpu(long periodMicros, long quotaMicros, long shares) {
    return new LinuxResources(
        periodMicros,
        quotaMicros,
        shares,
        memoryLimitBytes,
        memorySwapLimitBytes,
        oomScoreAdj,
        cpusetCpus,
        cpusetMems,
        hugepageLimits,
        unified);
  }

  /** The same with another memory limit. */
  public LinuxResources withMemoryLimitBytes(long bytes) {
    return new LinuxResources(
        cpuPeriodMicros,
        cpuQuotaMicros,
        cpuShares,
        bytes,
        memorySwapLimitBytes,
        oomScoreAdj,
        cpusetCpus,
        cpusetMems,
        hugepageLimits,
        unified);
  }

  /** The same with another swap limit. */
  public LinuxResources withMemorySwapLimitBytes(long bytes) {
    return new LinuxResources(
        cpuPeriodMicros,
        cpuQuotaMicros,
        cpuShares,
        memoryLimitBytes,
        bytes,
        oomScoreAdj,
        cpusetCpus,
        cpusetMems,
        hugepageLimits,
        unified);
  }

  /** The same with another score for the kernel's out-of-memory killer. */
  public LinuxResources withOomScoreAdj(long score) {
    return new LinuxResources(
        cpuPeriodMicros,
        cpuQuotaMicros,
        cpuShares,
        memoryLimitBytes,
        memorySwapLimitBytes,
        score,
        cpusetCpus,
        cpusetMems,
        hugepageLimits,
        unified);
  }

  /** The same with other CPUs and memory nodes. */
  public LinuxResources withCpuset(String cpus, String mems) {
    return new LinuxResources(
        cpuPeriodMicros,
        cpuQuotaMicros,
        cpuShares,
        memoryLimitBytes,
        memorySwapLimitBytes,
        oomScoreAdj,
        cpus,
        mems,
        hugepageLimits,
        unified);
  }

  /** The same with other huge page limits. */
  public LinuxResources withHugepageLimits(List<HugepageLimit> limits) {
    return new LinuxResources(
        cpuPeriodMicros,
        cpuQuotaMicros,
        cpuShares,
        memoryLimitBytes,
        memorySwapLimitBytes,
        oomScoreAdj,
        cpusetCpus,
        cpusetMems,
        limits,
        unified);
  }

  /** The same with other cgroup v2 settings. */
  public LinuxResources withUnified(Map<String, String> files) {
    return new LinuxResources(
        cpuPeriodMicros,
        cpuQuotaMicros,
        cpuShares,
        memoryLimitBytes,
        memorySwapLimitBytes,
        oomScoreAdj,
        cpusetCpus,
        cpusetMems,
        hugepageLimits,
        files);
  }
}
