package org.k3sjvm.kubelet.cgroup;

import java.time.Duration;
import java.util.Optional;

/**
 * How control groups are made and what they hold pods to.
 *
 * @param root prefix of every group, {@code ""} or a path that starts with a slash
 * @param manage false leaves making the pods' groups to the runtime; {@code cgroups-per-qos}
 * @param cpuQuota whether limits on processors become quotas
 * @param cpuPeriod of those quotas
 * @param podPids processes in one pod; 0 for no limit
 * @param failSwapOn whether swap space on the host ends the start
 * @param singleProcessOomKill whether the kernel ends one process when a container's memory is
 *     short, in place of all; empty for what the kernel interface does by default
 */
public record CgroupSettings(
    Driver driver,
    String root,
    boolean manage,
    boolean cpuQuota,
    Duration cpuPeriod,
    long podPids,
    boolean failSwapOn,
    Swap swap,
    Optional<Boolean> singleProcessOomKill) {
  /** Source: kernel CFS, and kubelet v1.36 cpuCFSQuotaPeriod. */
  public static final Duration DEFAULT_PERIOD = Duration.ofMillis(100);

  public static final CgroupSettings DEFAULT = new CgroupSettings(Driver.CGROUPFS, "", true);

  public CgroupSettings {
    if (!root.isEmpty() && (!root.startsWith("/") || root.endsWith("/"))) {
      throw new IllegalArgumentException("not a control group prefix: '" + root + "'");
    }
    if (podPids < 0) {
      throw new IllegalArgumentException("pids are positive, or 0 for no limit");
    }
  }

  /** The rest at its default. */
  public CgroupSettings(Driver driver, String root, boolean manage) {
    this(driver, root, manage, true, DEFAULT_PERIOD, 0, false, Swap.NONE, Optional.empty());
  }

  /** The same with another driver. */
  public CgroupSettings withDriver(Driver other) {
    return new CgroupSettings(
        other, root, manage, cpuQuota, cpuPeriod, podPids, failSwapOn, swap, singleProcessOomKill);
  }

  /** Who makes control groups: the kubelet in the file system, or systemd. */
  public enum Driver {
    CGROUPFS,
    SYSTEMD
  }

  /** Which containers may swap. Source: kubelet v1.36 memorySwap.swapBehavior. */
  public enum Swap {
    /** None. */
    NONE,
    /** Burstable ones, by their share of the node's memory. */
    LIMITED
  }
}
