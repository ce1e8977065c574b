package org.k3sjvm.linux.cgroup;

import java.util.Optional;
import java.util.Set;

/**
 * The tree of control groups with the cgroupfs driver's names. Any thread may call; calls read and
 * write kernel files and do not block. Faults are {@link org.k3sjvm.linux.LinuxException}s.
 */
public interface Cgroups {
  CgroupLayout layout();

  /**
   * Makes a group in every hierarchy, with its parents, ready for limits and for processes.
   * Succeeds when it is there.
   */
  void create(CgroupName name);

  boolean exists(CgroupName name);

  /**
   * Sets limits; those whose controller is missing are left out.
   *
   * @throws org.k3sjvm.linux.LinuxException.NotFound there is no such group
   */
  void limit(CgroupName name, CgroupLimits limits);

  /** Names of the groups directly below one, from any hierarchy; empty when there is none. */
  Set<String> children(CgroupName name);

  /** Process ids in the group and all below it, from any hierarchy. */
  Set<Long> processes(CgroupName name);

  /** What it has used; empty when there is no such group. */
  Optional<CgroupUsage> usage(CgroupName name);

  /**
   * Removes the group and all below it from every hierarchy. Succeeds when it is gone.
   *
   * @throws org.k3sjvm.linux.LinuxException.Busy while processes are in it
   */
  void remove(CgroupName name);
}
