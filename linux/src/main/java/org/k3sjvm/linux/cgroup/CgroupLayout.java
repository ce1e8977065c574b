package org.k3sjvm.linux.cgroup;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.k3sjvm.linux.mount.MountPoint;

/** Where the kernel shows its control groups. */
public sealed interface CgroupLayout {
  /** Controllers that can be used, such as {@code cpu}, {@code memory}, {@code pids}. */
  Set<String> controllers();

  /** One tree for all (cgroup v2). */
  record Unified(Path root, Set<String> controllers) implements CgroupLayout {
    public Unified {
      controllers = Set.copyOf(controllers);
    }
  }

  /**
   * A tree for each controller (cgroup v1); some may share one.
   *
   * @param hierarchies by controller; a named hierarchy is {@code name=systemd}
   * @param beside a tree without controllers (hybrid), in which runtimes make groups of their own
   */
  record Legacy(Map<String, Path> hierarchies, Optional<Path> beside) implements CgroupLayout {
    public Legacy {
      hierarchies = Map.copyOf(hierarchies);
    }

    /** With nothing beside it. */
    public Legacy(Map<String, Path> hierarchies) {
      this(hierarchies, Optional.empty());
    }

    @Override
    public Set<String> controllers() {
      return hierarchies.keySet();
    }
  }

  /** No control groups are mounted. */
  record Absent() implements CgroupLayout {
    @Override
    public Set<String> controllers() {
      return Set.of();
    }
  }

  /**
   * Reads the layout off the mounts. A host with both kinds (hybrid) counts as legacy, as its
   * controllers are there.
   *
   * @param unifiedControllers the words of cgroup.controllers of the unified root
   */
  static CgroupLayout of(List<MountPoint> mounts, Set<String> unifiedControllers) {
    Map<String, Path> hierarchies = new TreeMap<>();
    for (MountPoint mount : mounts) {
      if (mount.type().equals("cgroup")) {
        mount.superOptions().stream()
            .filter(CgroupLayout::isController)
            .forEach(name -> hierarchies.putIfAbsent(name, mount.target()));
      }
    }
    if (hierarchies.keySet().stream().anyMatch(name -> !name.startsWith("name="))) {
      return new Legacy(
          hierarchies,
          mounts.stream()
              .filter(mount -> mount.type().equals("cgroup2"))
              .findFirst()
              .map(MountPoint::target));
    }
    return mounts.stream()
        .filter(mount -> mount.type().equals("cgroup2"))
        .findFirst()
        .<CgroupLayout>map(mount -> new Unified(mount.target(), new TreeSet<>(unifiedControllers)))
        .orElseGet(Absent::new);
  }

  private static boolean isController(String option) {
    return switch (option) {
      case "rw", "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode" -> false;
      default -> !option.contains("=") || option.startsWith("name=");
    };
  }
}
