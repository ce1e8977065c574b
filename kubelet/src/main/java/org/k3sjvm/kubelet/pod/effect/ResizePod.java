package org.k3sjvm.kubelet.pod.effect;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodAction;
import org.k3sjvm.kubelet.resources.PodRequests;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.cgroup.CgroupLimits;
import org.k3sjvm.linux.cgroup.CgroupUsage;

/**
 * Brings other limits into force while containers run: the pod's group holds the larger of old and
 * new while its containers change, those that shrink first.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kuberuntime/kuberuntime_manager.go, doPodResizeAction.
 */
final class ResizePod {
  private final Toolbox tools;

  ResizePod(Toolbox tools) {
    this.tools = tools;
  }

  void run(DesiredPod pod, PodAction.Resize resize) throws InterruptedException {
    CgroupLimits before = tools.cgroups().limits(before(pod, resize).getSpec());
    CgroupLimits after = tools.cgroups().limits(pod.pod().getSpec());
    refuseBelowUsage(pod, resize.changes(), before, after);
    tools.cgroups().limit(pod, larger(before, after));
    List<PodAction.Change> inOrder = new ArrayList<>(resize.changes());
    inOrder.sort(Comparator.comparing(ResizePod::grows));
    for (PodAction.Change change : inOrder) {
      if (change.inPlace()) {
        tools.runtime().updateContainerResources(change.id(), resources(pod, change));
      }
    }
    tools.cgroups().limit(pod, after);
    tools.output().resized(pod);
  }

  /** A limit that is gone must be taken away; what is not set stays as it is. */
  private LinuxResources resources(DesiredPod pod, PodAction.Change change) {
    LinuxResources now = tools.cgroups().resources(pod, change.spec().container());
    if (now.cpuPeriodMicros() > 0 && now.cpuQuotaMicros() == 0) {
      now = now.withCpu(now.cpuPeriodMicros(), -1, now.cpuShares());
    }
    return now.memoryLimitBytes() == 0 && limit(change.from(), "memory") > 0
        ? now.withMemoryLimitBytes(-1).withMemorySwapLimitBytes(-1)
        : now;
  }

  private void refuseBelowUsage(
      DesiredPod pod, List<PodAction.Change> changes, CgroupLimits before, CgroupLimits after)
      throws InterruptedException {
    List<String> problems = new ArrayList<>();
    if (after.memoryBytes().isPresent()
        && after.memoryBytes().getAsLong() < before.memoryBytes().orElse(Long.MAX_VALUE)) {
      long usage = tools.cgroups().usage(pod).map(CgroupUsage::memoryBytes).orElse(0L);
      if (usage >= after.memoryBytes().getAsLong()) {
        problems.add(
            "attempting to set pod memory limit (%d) below current usage (%d)"
                .formatted(after.memoryBytes().getAsLong(), usage));
      }
    }
    for (PodAction.Change change : changes) {
      long to = limit(change.to(), "memory");
      long from = limit(change.from(), "memory");
      if (change.inPlace() && to > 0 && (from == 0 || to < from)) {
        long usage = usage(change);
        if (usage >= to) {
          problems.add(
              "attempting to set container \"%s\" memory limit (%d) below current usage (%d)"
                  .formatted(change.spec().name(), to, usage));
        }
      }
    }
    if (!problems.isEmpty()) {
      throw new LinuxException.Busy(
          "cannot decrease memory limits: "
              + (problems.size() == 1 ? problems.getFirst() : problems.toString()),
          Errno.EBUSY);
    }
  }

  private long usage(PodAction.Change change) throws InterruptedException {
    return tools
        .runtime()
        .containerStats(change.id())
        .memory()
        .map(memory -> memory.usageBytes().orElse(0))
        .orElse(0L);
  }

  private static Pod before(DesiredPod pod, PodAction.Resize resize) {
    Pod copy = new PodBuilder(pod.pod()).build();
    resize.pod().map(PodAction.PodChange::from).ifPresent(copy.getSpec()::setResources);
    for (List<Container> some :
        List.of(copy.getSpec().getContainers(), copy.getSpec().getInitContainers())) {
      some.forEach(
          c ->
              resize.changes().stream()
                  .filter(change -> change.spec().name().equals(c.getName()))
                  .forEach(change -> c.setResources(change.from())));
    }
    return copy;
  }

  private static CgroupLimits larger(CgroupLimits one, CgroupLimits other) {
    CgroupLimits limits =
        CgroupLimits.cpuShares(Math.max(one.cpuShares().orElse(0), other.cpuShares().orElse(0)));
    Optional<Duration> quota =
        one.cpuQuotaPerPeriod()
            .flatMap(a -> other.cpuQuotaPerPeriod().map(b -> a.compareTo(b) > 0 ? a : b));
    limits =
        limits.withCpuQuota(
            quota.filter(q -> !q.isNegative()).orElse(CgroupLimits.UNLIMITED_CPU),
            one.cpuPeriod().or(other::cpuPeriod).orElse(Duration.ofMillis(100)));
    OptionalLong a = one.memoryBytes();
    OptionalLong b = other.memoryBytes();
    return limits.withMemoryBytes(
        a.isPresent() && b.isPresent()
            ? Math.max(a.getAsLong(), b.getAsLong())
            : CgroupLimits.UNLIMITED);
  }

  /** Whether a limit rises; no limit is the highest. */
  private static boolean grows(PodAction.Change change) {
    for (String name : List.of("memory", "cpu")) {
      long from = limit(change.from(), name);
      long to = limit(change.to(), name);
      if (from != to) {
        return to == 0 || (from != 0 && to > from);
      }
    }
    return true;
  }

  private static long limit(ResourceRequirements of, String name) {
    Map<String, BigDecimal> limits = PodRequests.amounts(of.getLimits());
    return name.equals("cpu") ? PodRequests.milli(limits, name) : PodRequests.whole(limits, name);
  }
}
