package org.k3sjvm.kubelet.cgroup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.time.Sleeper;
import org.k3sjvm.kubelet.pod.PodEvent;
import org.k3sjvm.kubelet.settings.Reservations;
import org.k3sjvm.kubelet.settings.Reservations.Amounts;
import org.k3sjvm.kubelet.settings.Reservations.Enforcement;
import org.k3sjvm.kubelet.translate.HostMemory;
import org.k3sjvm.kubelet.translate.PodResources;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.cgroup.CgroupLimits;
import org.k3sjvm.linux.host.ProcSysctls;
import org.k3sjvm.linux.host.Sysctls;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds all pods together to what the node has for them, and the host's own groups to what is
 * reserved for them. What must stay free against eviction is not taken off: a limit there would end
 * processes before anybody could be evicted.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/cm/node_container_manager_linux.go.
 */
public final class NodeCgroups implements Service {
  private static final Logger log = LoggerFactory.getLogger(NodeCgroups.class);

  /** Source: kubelet v1.36 periodicQOSCgroupUpdateInterval. */
  private static final Duration EVERY = Duration.ofMinutes(1);

  private final PodCgroups cgroups;
  private final Reservations reservations;
  private final Host host;
  private final Events events;
  private final Sleeper sleeper;

  /**
   * What the node has besides memory.
   *
   * @param pids processes and threads that the kernel allows
   * @param hugePages bytes by size of a page
   */
  public record Host(int cpus, long pids, Map<Long, Long> hugePages) {
    public Host {
      hugePages = Map.copyOf(hugePages);
    }

    /** This host. */
    public static Host read(HostMemory memory) throws IOException {
      Sysctls kernel = new ProcSysctls();
      Map<Long, Long> pages = new HashMap<>();
      for (long size : memory.hugePageSizes()) {
        Path count =
            Path.of("/sys/kernel/mm/hugepages/hugepages-" + size / 1024 + "kB/nr_hugepages");
        pages.put(size, size * number(count));
      }
      return new Host(
          Runtime.getRuntime().availableProcessors(),
          Math.min(number(kernel, "kernel/pid_max"), number(kernel, "kernel/threads-max")),
          pages);
    }

    private static long number(Sysctls kernel, String key) throws IOException {
      return Long.parseLong(
          kernel.read(key).orElseThrow(() -> new IOException("this kernel has no sysctl " + key)));
    }

    private static long number(Path file) throws IOException {
      return Long.parseLong(Files.readString(file).strip());
    }
  }

  /** Takes events about the node. */
  @FunctionalInterface
  public interface Events {
    void tell(PodEvent event);
  }

  public NodeCgroups(
      PodCgroups cgroups, Reservations reservations, Host host, Events events, Sleeper sleeper) {
    this.cgroups = cgroups;
    this.reservations = reservations;
    this.host = host;
    this.events = events;
    this.sleeper = sleeper;
  }

  /** Makes the groups, tries again each minute while that fails, then keeps weights right. */
  @Override
  public void run() throws InterruptedException {
    boolean enforced = false;
    while (true) {
      enforced = enforced || enforce();
      sleeper.sleep(EVERY);
      try {
        cgroups.refresh();
      } catch (LinuxException e) {
        log.atWarn().setCause(e).addKeyValue("retryIn", EVERY).log("cannot weigh burstable pods");
      }
    }
  }

  private boolean enforce() {
    boolean all =
        attempt(
            "Failed to update Node Allocatable Limits",
            "Updated Node Allocatable limit across pods",
            () -> cgroups.createAbove(ofAllPods()));
    for (Enforcement level : reservations.enforce()) {
      all &= ofHost(level);
    }
    return all;
  }

  private boolean ofHost(Enforcement level) {
    return switch (level) {
      case PODS -> true;
      case KUBE -> other("kube reserved", reservations.kubeCgroup(), all(reservations.kube()));
      case KUBE_COMPRESSIBLE ->
          other("kube reserved", reservations.kubeCgroup(), cpu(reservations.kube()));
      case SYSTEM ->
          other("system reserved", reservations.systemCgroup(), all(reservations.system()));
      case SYSTEM_COMPRESSIBLE ->
          other("system reserved", reservations.systemCgroup(), cpu(reservations.system()));
    };
  }

  private boolean other(String what, Optional<String> name, CgroupLimits limits) {
    return name.isEmpty()
        || attempt(
            "Failed to enforce " + what + " limits on " + name.get(),
            "Updated limits on " + what + " cgroup " + name.get(),
            () -> cgroups.limitOther(name.get(), limits));
  }

  private boolean attempt(String failure, String success, Runnable change) {
    try {
      change.run();
      events.tell(PodEvent.normal("NodeAllocatableEnforced", success));
      return true;
    } catch (LinuxException e) {
      log.atWarn().setCause(e).addKeyValue("retryIn", EVERY).log("cannot limit a control group");
      events.tell(
          PodEvent.warning("FailedNodeAllocatableEnforcement", failure + ": " + e.getMessage()));
      return false;
    }
  }

  /** What is left after reservations, or all that there is when nobody is to enforce them. */
  CgroupLimits ofAllPods() {
    Amounts reserved =
        reservations.enforce().contains(Enforcement.PODS) ? reservations.reserved() : Amounts.NONE;
    Map<String, Long> pages = new HashMap<>();
    host.hugePages().forEach((size, bytes) -> pages.put(PodResources.pageUnit(size), bytes));
    return CgroupLimits.cpuShares(
            PodResources.shares(Math.max(0, host.cpus() * 1000L - reserved.cpuMillis())))
        .withMemoryBytes(Math.max(0, cgroups.memory().totalBytes() - reserved.memoryBytes()))
        .withPids(Math.max(0, host.pids() - reserved.pids()))
        .withHugePages(pages);
  }

  private static CgroupLimits all(Amounts reserved) {
    CgroupLimits limits = reserved.cpuMillis() > 0 ? cpu(reserved) : CgroupLimits.NONE;
    if (reserved.memoryBytes() > 0) {
      limits = limits.withMemoryBytes(reserved.memoryBytes());
    }
    return reserved.pids() > 0 ? limits.withPids(reserved.pids()) : limits;
  }

  private static CgroupLimits cpu(Amounts reserved) {
    return reserved.cpuMillis() > 0
        ? CgroupLimits.cpuShares(PodResources.shares(reserved.cpuMillis()))
        : CgroupLimits.NONE;
  }
}
