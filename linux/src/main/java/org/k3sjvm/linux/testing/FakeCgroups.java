package org.k3sjvm.linux.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.cgroup.CgroupLayout;
import org.k3sjvm.linux.cgroup.CgroupLimits;
import org.k3sjvm.linux.cgroup.CgroupName;
import org.k3sjvm.linux.cgroup.CgroupUsage;
import org.k3sjvm.linux.cgroup.Cgroups;

/** A tree of groups in memory; processes are put into it by the test. */
public final class FakeCgroups implements Cgroups {
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<String, CgroupLimits> groups = new TreeMap<>();

  @GuardedBy("lock")
  private final Map<Long, String> processes = new TreeMap<>();

  public FakeCgroups() {
    groups.put("/", CgroupLimits.NONE);
  }

  /** The last limits that were set; empty when there is no such group. */
  public Optional<CgroupLimits> limits(CgroupName name) {
    synchronized (lock) {
      return Optional.ofNullable(groups.get(name.value()));
    }
  }

  public void putProcess(CgroupName name, long pid) {
    synchronized (lock) {
      processes.put(pid, name.value());
    }
  }

  public void endProcess(long pid) {
    synchronized (lock) {
      processes.remove(pid);
    }
  }

  @Override
  public CgroupLayout layout() {
    return new CgroupLayout.Unified(
        Path.of("/sys/fs/cgroup"), Set.of("cpu", "cpuset", "memory", "pids"));
  }

  @Override
  public void create(CgroupName name) {
    synchronized (lock) {
      for (int slash = name.value().indexOf('/', 1);
          slash > 0;
          slash = name.value().indexOf('/', slash + 1)) {
        groups.putIfAbsent(name.value().substring(0, slash), CgroupLimits.NONE);
      }
      groups.putIfAbsent(name.value(), CgroupLimits.NONE);
    }
  }

  @Override
  public boolean exists(CgroupName name) {
    return limits(name).isPresent();
  }

  @Override
  public void limit(CgroupName name, CgroupLimits limits) {
    synchronized (lock) {
      if (groups.replace(name.value(), limits) == null) {
        throw LinuxException.of("limit cgroup " + name, Errno.ENOENT);
      }
    }
  }

  @Override
  public Set<String> children(CgroupName name) {
    String prefix = name.equals(CgroupName.ROOT) ? "/" : name + "/";
    synchronized (lock) {
      return groups.keySet().stream()
          .filter(group -> group.length() > prefix.length() && group.startsWith(prefix))
          .map(group -> group.substring(prefix.length()))
          .filter(rest -> rest.indexOf('/') < 0)
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  @Override
  public Set<Long> processes(CgroupName name) {
    synchronized (lock) {
      return processes.entrySet().stream()
          .filter(entry -> isWithin(entry.getValue(), name))
          .map(Map.Entry::getKey)
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  @Override
  public Optional<CgroupUsage> usage(CgroupName name) {
    return limits(name).map(_ -> new CgroupUsage(Duration.ZERO, 0, 0, 0, OptionalLong.of(0)));
  }

  @Override
  public void remove(CgroupName name) {
    if (!processes(name).isEmpty()) {
      throw LinuxException.of("remove cgroup " + name, Errno.EBUSY);
    }
    synchronized (lock) {
      groups.keySet().removeIf(group -> isWithin(group, name));
    }
  }

  private static boolean isWithin(String group, CgroupName name) {
    return name.equals(CgroupName.ROOT)
        || group.equals(name.value())
        || group.startsWith(name.value() + "/");
  }
}
