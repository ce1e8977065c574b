package org.k3sjvm.linux.cgroup;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.mount.Mounts;

/** {@link Cgroups} as files of the kernel. */
public final class CgroupFs implements Cgroups {
  /** Controllers that pods need in a unified tree. Source: runc, libcontainer/cgroups/fs2. */
  private static final Set<String> DELEGATED =
      Set.of("cpu", "cpuset", "memory", "pids", "io", "hugetlb");

  private static final Duration DEFAULT_PERIOD = Duration.ofMillis(100);

  private final CgroupLayout layout;

  private CgroupFs(CgroupLayout layout) {
    this.layout = layout;
  }

  /** The groups that are mounted here. */
  public static CgroupFs detect(Mounts mounts) {
    var mounted = mounts.list();
    Set<String> unified = new TreeSet<>();
    mounted.stream()
        .filter(mount -> mount.type().equals("cgroup2"))
        .findFirst()
        .flatMap(mount -> CgroupFiles.read(mount.target().resolve("cgroup.controllers")))
        .ifPresent(words -> unified.addAll(List.of(words.split("\\s+"))));
    unified.remove("");
    return new CgroupFs(CgroupLayout.of(mounted, unified));
  }

  /** For tests: groups below directories that are no cgroup mounts. */
  static CgroupFs at(CgroupLayout layout) {
    return new CgroupFs(layout);
  }

  @Override
  public CgroupLayout layout() {
    return layout;
  }

  @Override
  public void create(CgroupName name) {
    try {
      switch (layout) {
        case CgroupLayout.Unified unified -> createUnified(unified, name);
        case CgroupLayout.Legacy legacy -> createLegacy(legacy, name);
        case CgroupLayout.Absent _ ->
            throw new LinuxException.Unsupported(
                "cannot create cgroup " + name + ": no cgroups are mounted", Errno.EOPNOTSUPP);
      }
    } catch (IOException e) {
      throw CgroupFiles.fault("create cgroup " + name, e);
    }
  }

  @Override
  public boolean exists(CgroupName name) {
    List<Path> directories = directories(name);
    return !directories.isEmpty() && directories.stream().allMatch(Files::isDirectory);
  }

  @Override
  public void limit(CgroupName name, CgroupLimits limits) {
    switch (layout) {
      case CgroupLayout.Unified unified -> limitUnified(unified, name, limits);
      case CgroupLayout.Legacy legacy -> limitLegacy(legacy, name, limits);
      case CgroupLayout.Absent _ -> {}
    }
  }

  @Override
  public Set<String> children(CgroupName name) {
    Set<String> names = new TreeSet<>();
    for (Path directory : directories(name)) {
      subdirectories(directory).forEach(child -> names.add(String.valueOf(child.getFileName())));
    }
    return names;
  }

  @Override
  public Set<Long> processes(CgroupName name) {
    Set<Long> pids = new TreeSet<>();
    for (Path directory : directories(name)) {
      for (Path group : groupsBelow(directory)) {
        CgroupFiles.read(group.resolve("cgroup.procs")).stream()
            .flatMap(String::lines)
            .map(Long::valueOf)
            .forEach(pids::add);
      }
    }
    return pids;
  }

  @Override
  public Optional<CgroupUsage> usage(CgroupName name) {
    return switch (layout) {
      case CgroupLayout.Unified unified -> CgroupFiles.usage(directory(unified.root(), name));
      case CgroupLayout.Legacy legacy ->
          CgroupFiles.usage(
              hierarchy(legacy, "cpuacct", name),
              hierarchy(legacy, "memory", name),
              hierarchy(legacy, "pids", name));
      case CgroupLayout.Absent _ -> Optional.empty();
    };
  }

  @Override
  public void remove(CgroupName name) {
    if (name.equals(CgroupName.ROOT)) {
      throw new IllegalArgumentException("the root cgroup cannot be removed");
    }
    List<Path> all = new ArrayList<>(directories(name));
    if (layout instanceof CgroupLayout.Legacy legacy) {
      legacy.beside().ifPresent(root -> all.add(directory(root, name)));
    }
    for (Path directory : all) {
      for (Path group : groupsBelow(directory).reversed()) {
        try {
          Files.deleteIfExists(group);
        } catch (IOException e) {
          throw CgroupFiles.fault("remove cgroup " + group, e);
        }
      }
    }
  }

  private static void createUnified(CgroupLayout.Unified unified, CgroupName name)
      throws IOException {
    Path group = directory(unified.root(), name);
    if (makeLeaf(group)) {
      delegate(unified, group);
      return;
    }
    Path step = unified.root();
    for (String child : name.steps()) {
      delegate(unified, step);
      step = step.resolve(child);
      makeLeaf(step);
    }
    delegate(unified, group);
  }

  /** Each controller by itself: one that cannot be had must not take the others with it. */
  private static void delegate(CgroupLayout.Unified unified, Path group) {
    Path control = group.resolve("cgroup.subtree_control");
    String enabled = CgroupFiles.read(control).orElse("");
    for (String controller : unified.controllers()) {
      if (DELEGATED.contains(controller) && !List.of(enabled.split(" ")).contains(controller)) {
        CgroupFiles.tryWrite(control, "+" + controller);
      }
    }
  }

  private static void createLegacy(CgroupLayout.Legacy legacy, CgroupName name) throws IOException {
    Path cpusets = legacy.hierarchies().get("cpuset");
    for (Path root : new LinkedHashSet<>(legacy.hierarchies().values())) {
      Path group = directory(root, name);
      boolean made = makeLeaf(group);
      if (!made && !Files.isDirectory(group)) {
        Files.createDirectories(group);
      }
      if (root.equals(cpusets)) {
        inheritCpuset(root, name, made);
      }
    }
  }

  /** Whether the group was made just now; false when it is there, or its parent is not. */
  private static boolean makeLeaf(Path group) throws IOException {
    try {
      Files.createDirectory(group);
      return true;
    } catch (FileAlreadyExistsException | NoSuchFileException e) {
      return false;
    }
  }

  /**
   * A new v1 cpuset is empty, and takes no process before it has processors and memory nodes.
   *
   * @param leafOnly whether only the last group is new
   */
  private static void inheritCpuset(Path root, CgroupName name, boolean leafOnly)
      throws IOException {
    List<String> steps = name.steps();
    Path group = root;
    for (int i = 0; i < steps.size(); i++) {
      Path child = group.resolve(steps.get(i));
      if (!leafOnly || i == steps.size() - 1) {
        for (String file : List.of("cpuset.cpus", "cpuset.mems")) {
          if (CgroupFiles.read(child.resolve(file)).filter(String::isEmpty).isPresent()) {
            CgroupFiles.write(
                child.resolve(file), CgroupFiles.read(group.resolve(file)).orElse(""));
          }
        }
      }
      group = child;
    }
  }

  private static void limitUnified(
      CgroupLayout.Unified unified, CgroupName name, CgroupLimits limits) {
    Path group = directory(unified.root(), name);
    requireDirectory(group);
    Set<String> has = unified.controllers();
    if (has.contains("cpu")) {
      limits
          .cpuShares()
          .ifPresent(shares -> put(group, "cpu.weight", "" + CgroupLimits.weightOf(shares)));
      limits
          .cpuQuotaPerPeriod()
          .ifPresent(
              quota -> {
                long period = micros(limits.cpuPeriod().orElse(DEFAULT_PERIOD));
                put(
                    group,
                    "cpu.max",
                    (quota.isNegative() ? "max" : "" + micros(quota)) + " " + period);
              });
    }
    if (has.contains("memory")) {
      limits.memoryBytes().ifPresent(bytes -> put(group, "memory.max", orMax(bytes)));
    }
    if (has.contains("pids")) {
      limits.pids().ifPresent(count -> put(group, "pids.max", orMax(count)));
    }
    limits
        .hugePages()
        .forEach((size, bytes) -> putIfThere(group, "hugetlb." + size + ".max", orMax(bytes)));
  }

  private static void limitLegacy(
      CgroupLayout.Legacy legacy, CgroupName name, CgroupLimits limits) {
    hierarchy(legacy, "cpu", name)
        .ifPresent(
            group -> {
              requireDirectory(group);
              limits.cpuShares().ifPresent(shares -> put(group, "cpu.shares", "" + shares));
              limits
                  .cpuQuotaPerPeriod()
                  .filter(_ -> Files.exists(group.resolve("cpu.cfs_quota_us")))
                  .ifPresent(
                      quota -> {
                        long period = micros(limits.cpuPeriod().orElse(DEFAULT_PERIOD));
                        put(group, "cpu.cfs_period_us", "" + period);
                        put(
                            group,
                            "cpu.cfs_quota_us",
                            quota.isNegative() ? "-1" : "" + micros(quota));
                      });
            });
    limitOne(
        hierarchy(legacy, "memory", name), "memory.limit_in_bytes", limits.memoryBytes(), "-1");
    limitOne(hierarchy(legacy, "pids", name), "pids.max", limits.pids(), "max");
    hierarchy(legacy, "hugetlb", name)
        .ifPresent(
            group ->
                limits
                    .hugePages()
                    .forEach(
                        (size, bytes) ->
                            putIfThere(
                                group,
                                "hugetlb." + size + ".limit_in_bytes",
                                bytes == CgroupLimits.UNLIMITED ? "-1" : "" + bytes)));
  }

  private static void limitOne(
      Optional<Path> directory, String file, OptionalLong limit, String unlimited) {
    if (directory.isPresent() && limit.isPresent()) {
      requireDirectory(directory.get());
      long value = limit.getAsLong();
      put(
          directory.get(),
          file,
          value == CgroupLimits.UNLIMITED ? unlimited : Long.toString(value));
    }
  }

  private static void putIfThere(Path group, String file, String value) {
    if (Files.exists(group.resolve(file))) {
      put(group, file, value);
    }
  }

  private static void put(Path group, String file, String value) {
    CgroupFiles.write(group.resolve(file), value);
  }

  private static String orMax(long value) {
    return value == CgroupLimits.UNLIMITED ? "max" : Long.toString(value);
  }

  private static long micros(Duration time) {
    return time.toNanos() / 1000;
  }

  private List<Path> directories(CgroupName name) {
    return switch (layout) {
      case CgroupLayout.Unified unified -> List.of(directory(unified.root(), name));
      case CgroupLayout.Legacy legacy ->
          legacy.hierarchies().values().stream()
              .distinct()
              .map(root -> directory(root, name))
              .toList();
      case CgroupLayout.Absent _ -> List.of();
    };
  }

  private static Optional<Path> hierarchy(
      CgroupLayout.Legacy legacy, String controller, CgroupName name) {
    return Optional.ofNullable(legacy.hierarchies().get(controller))
        .map(root -> directory(root, name));
  }

  private static Path directory(Path root, CgroupName name) {
    return name.relative().isEmpty() ? root : root.resolve(name.relative());
  }

  private static void requireDirectory(Path group) {
    if (!Files.isDirectory(group)) {
      throw new LinuxException.NotFound("there is no cgroup " + group, Errno.ENOENT);
    }
  }

  /** The group itself, then those below, parents before children. */
  private static List<Path> groupsBelow(Path directory) {
    List<Path> groups = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      groups.add(directory);
      subdirectories(directory).forEach(child -> groups.addAll(groupsBelow(child)));
    }
    return groups;
  }

  private static List<Path> subdirectories(Path directory) {
    List<Path> children = new ArrayList<>();
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(directory, entry -> Files.isDirectory(entry))) {
      entries.forEach(children::add);
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (IOException e) {
      throw CgroupFiles.fault("list cgroup " + directory, e);
    }
    return children;
  }
}
