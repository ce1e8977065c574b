package org.k3sjvm.linux.cgroup;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Whether the host's controllers suffice to run pods. */
public sealed interface CgroupCheck {
  /** They do. */
  record Suffices() implements CgroupCheck {}

  /** They do, with something to tell the operator. */
  record Warns(List<String> messages) implements CgroupCheck {
    public Warns {
      messages = List.copyOf(messages);
    }
  }

  /** They do not; the message says what to do. */
  record Lacks(String message) implements CgroupCheck {}

  /** Source: k3s v1.36.3 pkg/cgroups, Validate and CheckCgroups. */
  static CgroupCheck of(CgroupLayout layout) {
    return switch (layout) {
      case CgroupLayout.Unified unified -> unified(unified.controllers());
      case CgroupLayout.Legacy legacy -> legacy(legacy.controllers());
      case CgroupLayout.Absent _ ->
          new Lacks("no cgroups are mounted: mount cgroup2 on /sys/fs/cgroup");
    };
  }

  private static CgroupCheck unified(Set<String> controllers) {
    for (String needed : List.of("cpu", "cpuset", "memory", "pids")) {
      if (!controllers.contains(needed)) {
        return new Lacks("failed to find " + needed + " cgroup (v2)" + hint(needed));
      }
    }
    return new Suffices();
  }

  private static CgroupCheck legacy(Set<String> controllers) {
    for (String needed : List.of("memory", "pids")) {
      if (!controllers.contains(needed)) {
        return new Lacks("failed to find " + needed + " cgroup" + hint(needed));
      }
    }
    List<String> warnings = new ArrayList<>();
    for (String wanted : List.of("cpuset", "cpu")) {
      if (!controllers.contains(wanted)) {
        warnings.add("failed to find " + wanted + " cgroup, limits on it are off");
      }
    }
    return warnings.isEmpty() ? new Suffices() : new Warns(warnings);
  }

  /** Raspberry Pi boards come with the memory controller switched off. */
  private static String hint(String controller) {
    return controller.equals("memory")
        ? ", you may need to add \"cgroup_memory=1 cgroup_enable=memory\" to your linux cmdline"
            + " (/boot/firmware/cmdline.txt, or /boot/cmdline.txt on a Raspberry Pi) and reboot"
        : "";
  }
}
