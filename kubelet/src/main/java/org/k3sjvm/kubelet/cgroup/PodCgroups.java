package org.k3sjvm.kubelet.cgroup;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.k3sjvm.cri.LinuxResources;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.pod.Qos;
import org.k3sjvm.kubelet.resources.PodRequests;
import org.k3sjvm.kubelet.translate.HostMemory;
import org.k3sjvm.kubelet.translate.PodResources;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.cgroup.CgroupLayout;
import org.k3sjvm.linux.cgroup.CgroupLimits;
import org.k3sjvm.linux.cgroup.CgroupName;
import org.k3sjvm.linux.cgroup.CgroupUsage;
import org.k3sjvm.linux.cgroup.Cgroups;

/**
 * A group for each pod, below one for each quality of service. Any thread may call.
 *
 * <p>With the systemd driver they are slices, and the tree that is handed in asks systemd for them.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/cm/pod_container_manager_linux.go and
 * qos_container_manager_linux.go.
 */
public final class PodCgroups {
  /** How long ended processes may take to leave a group. */
  private static final Duration LEAVING = Duration.ofSeconds(2);

  private final Cgroups cgroups;
  private final CgroupSettings config;
  private final CgroupNames names;
  private final PodResources.Host host;
  private final Object lock = new Object();

  /** Thousandths of a processor that burstable pods ask for. */
  @GuardedBy("lock")
  private final Map<PodUid, Long> burstable = new HashMap<>();

  /** None made yet. */
  public PodCgroups(Cgroups cgroups, CgroupSettings config, HostMemory memory) {
    this.cgroups = cgroups;
    this.config = config;
    names = new CgroupNames(config.driver(), config.root());
    host =
        new PodResources.Host(
            memory,
            cgroups.layout() instanceof CgroupLayout.Unified,
            config.cpuQuota() ? Optional.of(config.cpuPeriod()) : Optional.empty(),
            !config.singleProcessOomKill().orElse(false),
            config.swap() == CgroupSettings.Swap.LIMITED);
  }

  /** The pod's group in the words of the driver, as the runtime takes it. */
  public String parent(DesiredPod pod) {
    return config.manage()
        ? names.of(pod.uid(), Qos.of(pod.pod().getSpec())).value()
        : config.root();
  }

  /** What the runtime holds a container to. */
  public LinuxResources resources(DesiredPod pod, Container container) {
    return PodResources.of(pod, container, host);
  }

  /** Makes the pod's group with its limits. Idempotent. */
  public void create(DesiredPod pod) {
    if (!managed()) {
      return;
    }
    PodSpec spec = pod.pod().getSpec();
    Qos qos = Qos.of(spec);
    CgroupName name = names.of(pod.uid(), qos);
    cgroups.create(name);
    cgroups.limit(name, limits(spec));
    weigh(pod, qos);
  }

  /** What the pod's group is held to. */
  public CgroupLimits limits(PodSpec spec) {
    PodResources.PodTotal total = PodResources.total(spec);
    CgroupLimits limits = CgroupLimits.cpuShares(total.cpuShares());
    if (total.cpuMilliLimit().isPresent()) {
      long quota = PodResources.quota(total.cpuMilliLimit().getAsLong(), config.cpuPeriod());
      limits =
          limits.withCpuQuota(
              config.cpuQuota() && quota > 0
                  ? Duration.ofNanos(quota * 1000)
                  : CgroupLimits.UNLIMITED_CPU,
              config.cpuPeriod());
    }
    if (total.memoryLimit().isPresent()) {
      limits = limits.withMemoryBytes(total.memoryLimit().getAsLong());
    }
    if (config.podPids() > 0) {
      limits = limits.withPids(config.podPids());
    }
    Map<String, Long> pages = new HashMap<>();
    total.hugePages().forEach((size, bytes) -> pages.put(PodResources.pageUnit(size), bytes));
    return limits.withHugePages(pages);
  }

  /**
   * Changes what an existing group is held to.
   *
   * @throws LinuxException.NotFound the pod has no group
   */
  public void limit(DesiredPod pod, CgroupLimits limits) {
    if (managed()) {
      cgroups.limit(names.of(pod.uid(), Qos.of(pod.pod().getSpec())), limits);
      weigh(pod, Qos.of(pod.pod().getSpec()));
    }
  }

  /** Whether containers may swap, which forbids some changes of what they may use. */
  public boolean swaps(DesiredPod pod) {
    return PodResources.swaps(pod, host);
  }

  /** What the pod uses; empty when it has no group. */
  public Optional<CgroupUsage> usage(DesiredPod pod) {
    return managed()
        ? cgroups.usage(names.of(pod.uid(), Qos.of(pod.pod().getSpec())))
        : Optional.empty();
  }

  /** The least weight, for a pod that is no pod of this node any more. Idempotent. */
  public void slow(PodUid uid) {
    for (Qos qos : Qos.values()) {
      CgroupName name = names.of(uid, qos);
      if (managed() && cgroups.exists(name)) {
        cgroups.limit(name, CgroupLimits.cpuShares(CgroupLimits.MIN_CPU_SHARES));
      }
    }
  }

  /** Removes a pod's group, wherever it stands, and ends what is still in it. Idempotent. */
  public void remove(PodUid uid) throws InterruptedException {
    remove(uid, true);
  }

  /**
   * Removes a group that nobody is in. One with processes stays: it may be another kubelet's.
   * Idempotent.
   */
  public void removeEmpty(PodUid uid) throws InterruptedException {
    remove(uid, false);
  }

  private void remove(PodUid uid, boolean ending) throws InterruptedException {
    if (!managed()) {
      return;
    }
    for (Qos qos : Qos.values()) {
      CgroupName name = names.of(uid, qos);
      try {
        cgroups.remove(name);
      } catch (LinuxException.Busy e) {
        if (ending) {
          end(cgroups.processes(name));
          cgroups.remove(name);
        }
      }
    }
    forget(uid);
  }

  private static void end(Set<Long> pids) throws InterruptedException {
    List<ProcessHandle> processes =
        pids.stream().map(ProcessHandle::of).flatMap(Optional::stream).toList();
    processes.forEach(ProcessHandle::destroyForcibly);
    long deadline = System.nanoTime() + LEAVING.toNanos();
    for (ProcessHandle process : processes) {
      try {
        process.onExit().get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (ExecutionException | TimeoutException e) {
        return; // removing the group says what is wrong
      }
    }
  }

  /** Pods that have a group in which nothing runs; others may belong to another kubelet. */
  public List<PodUid> empty() {
    List<PodUid> all = new ArrayList<>();
    if (managed()) {
      for (Qos qos : Qos.values()) {
        for (String child : cgroups.children(names.of(qos))) {
          names
              .uid(child)
              .filter(uid -> cgroups.processes(names.of(uid, qos)).isEmpty())
              .ifPresent(all::add);
        }
      }
    }
    return all;
  }

  /** Makes the groups that pods' groups stand in. Idempotent. */
  void createAbove(CgroupLimits ofAllPods) {
    if (managed()) {
      cgroups.create(names.pods());
      cgroups.limit(names.pods(), ofAllPods);
      Map<String, Long> unbounded = new HashMap<>();
      host.memory()
          .hugePageSizes()
          .forEach(size -> unbounded.put(PodResources.pageUnit(size), CgroupLimits.UNLIMITED));
      Map<Qos, CgroupLimits> limits = new EnumMap<>(Qos.class);
      limits.put(Qos.BEST_EFFORT, CgroupLimits.cpuShares(CgroupLimits.MIN_CPU_SHARES));
      limits.put(Qos.BURSTABLE, CgroupLimits.NONE);
      limits.forEach(
          (qos, some) -> {
            cgroups.create(names.of(qos));
            cgroups.limit(names.of(qos), some.withHugePages(unbounded));
          });
    }
  }

  /** Holds an existing group of the host to an amount. */
  void limitOther(String name, CgroupLimits limits) {
    cgroups.limit(names.ofHost(name), limits);
  }

  /** Writes the weight of all burstable pods, in case that somebody else changed it. */
  void refresh() {
    long sum;
    synchronized (lock) {
      sum = burstable.values().stream().mapToLong(Long::longValue).sum();
    }
    CgroupName group = names.of(Qos.BURSTABLE);
    if (managed() && cgroups.exists(group)) {
      cgroups.limit(group, CgroupLimits.cpuShares(PodResources.shares(sum)));
    }
  }

  private boolean managed() {
    return config.manage();
  }

  /** What the host has. */
  public HostMemory memory() {
    return host.memory();
  }

  /** Burstable pods together weigh as much as their sum. */
  private void weigh(DesiredPod pod, Qos qos) {
    if (qos != Qos.BURSTABLE) {
      return;
    }
    Long milli = PodRequests.milli(PodRequests.requests(pod.pod().getSpec()), "cpu");
    synchronized (lock) {
      if (milli.equals(burstable.put(pod.uid(), milli))) {
        return;
      }
    }
    refresh();
  }

  private void forget(PodUid uid) {
    synchronized (lock) {
      if (burstable.remove(uid) == null) {
        return;
      }
    }
    refresh();
  }
}
