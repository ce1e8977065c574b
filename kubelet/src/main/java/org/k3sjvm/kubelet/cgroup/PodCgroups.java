package org.k3sjvm.kubelet.cgroup;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.pod.Qos;
import org.k3sjvm.kubelet.translate.PodResources;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.cgroup.CgroupLimits;
import org.k3sjvm.linux.cgroup.CgroupName;
import org.k3sjvm.linux.cgroup.Cgroups;

/**
 * A group for each pod, below one for each quality of service. Any thread may call.
 *
 * <p>With the systemd driver slices are made by systemd when the runtime names them.
 */
public final class PodCgroups {
  private final Cgroups cgroups;
  private final CgroupSettings config;
  private final long podPids;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<PodUid, Long> burstable = new HashMap<>();

  /**
   * None made yet.
   *
   * @param podPids processes in one pod; 0 for no limit
   */
  public PodCgroups(Cgroups cgroups, CgroupSettings config, long podPids) {
    this.cgroups = cgroups;
    this.config = config;
    this.podPids = podPids;
  }

  /** The pod's group in the words of the driver, as the runtime takes it. */
  public String parent(DesiredPod pod) {
    return parent(pod.uid(), Qos.of(pod.pod().getSpec()));
  }

  String parent(PodUid uid, Qos qos) {
    return switch (config.driver()) {
      case CGROUPFS -> name(uid, qos).value();
      case SYSTEMD -> slice(uid, qos);
    };
  }

  /** Makes the pod's group with its limits. Idempotent. */
  public void create(DesiredPod pod) {
    if (!managed()) {
      return;
    }
    Qos qos = Qos.of(pod.pod().getSpec());
    PodResources.PodTotal total = PodResources.total(pod.pod().getSpec());
    CgroupName name = name(pod.uid(), qos);
    cgroups.create(name);
    CgroupLimits limits = CgroupLimits.cpuShares(total.cpuShares());
    if (total.cpuMilliLimit().isPresent()) {
      limits =
          limits.withCpuQuota(
              micros(PodResources.quota(total.cpuMilliLimit().getAsLong())),
              micros(PodResources.PERIOD_MICROS));
    }
    if (total.memoryLimit().isPresent()) {
      limits = limits.withMemoryBytes(total.memoryLimit().getAsLong());
    }
    if (podPids > 0) {
      limits = limits.withPids(podPids);
    }
    cgroups.limit(name, limits);
    weigh(pod.uid(), qos == Qos.BURSTABLE ? Optional.of(total.cpuShares()) : Optional.empty());
  }

  /** Removes a pod's group, wherever it stands, and ends what is still in it. Idempotent. */
  public void remove(PodUid uid) {
    remove(uid, true);
  }

  /**
   * Removes a group that nobody is in. One with processes stays: it may be another kubelet's.
   * Idempotent.
   */
  public void removeEmpty(PodUid uid) {
    remove(uid, false);
  }

  private void remove(PodUid uid, boolean ending) {
    if (!managed()) {
      return;
    }
    for (Qos qos : Qos.values()) {
      CgroupName name = name(uid, qos);
      if (cgroups.exists(name)) {
        try {
          cgroups.remove(name);
        } catch (LinuxException.Busy e) {
          if (!ending) {
            continue;
          }
          cgroups.processes(name).stream()
              .map(ProcessHandle::of)
              .flatMap(Optional::stream)
              .forEach(ProcessHandle::destroyForcibly);
          throw e;
        }
      }
    }
    weigh(uid, Optional.empty());
  }

  /** Pods that have a group in which nothing runs; others may belong to another kubelet. */
  public List<PodUid> empty() {
    List<PodUid> all = new ArrayList<>();
    if (managed()) {
      for (Qos qos : Qos.values()) {
        cgroups.children(qosName(qos)).stream()
            .filter(n -> n.startsWith("pod") && n.length() > 3)
            .filter(n -> cgroups.processes(qosName(qos).child(n)).isEmpty())
            .forEach(n -> all.add(new PodUid(n.substring(3))));
      }
    }
    return all;
  }

  private boolean managed() {
    return config.manage() && config.driver() == CgroupSettings.Driver.CGROUPFS;
  }

  /** Burstable pods together weigh as much as their sum. */
  private void weigh(PodUid uid, Optional<Long> shares) {
    long sum;
    synchronized (lock) {
      Long before = shares.isPresent() ? burstable.put(uid, shares.get()) : burstable.remove(uid);
      if (shares.equals(Optional.ofNullable(before))) {
        return;
      }
      sum = burstable.values().stream().mapToLong(Long::longValue).sum();
    }
    CgroupName group = qosName(Qos.BURSTABLE);
    if (cgroups.exists(group)) {
      cgroups.limit(group, CgroupLimits.cpuShares(sum));
    }
  }

  private CgroupName name(PodUid uid, Qos qos) {
    return qosName(qos).child("pod" + uid);
  }

  private CgroupName qosName(Qos qos) {
    CgroupName pods = new CgroupName(config.root() + "/kubepods");
    return switch (qos) {
      case GUARANTEED -> pods;
      case BURSTABLE -> pods.child("burstable");
      case BEST_EFFORT -> pods.child("besteffort");
    };
  }

  private static String slice(PodUid uid, Qos qos) {
    String pod = "-pod" + uid.value().replace('-', '_') + ".slice";
    return switch (qos) {
      case GUARANTEED -> "/kubepods.slice/kubepods" + pod;
      case BURSTABLE -> "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable" + pod;
      case BEST_EFFORT -> "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort" + pod;
    };
  }

  private static Duration micros(long count) {
    return Duration.ofNanos(count * 1000);
  }
}
