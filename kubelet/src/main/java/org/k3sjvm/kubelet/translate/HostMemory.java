package org.k3sjvm.kubelet.translate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.k3sjvm.linux.cgroup.CgroupLayout;

/**
 * What the host has of memory.
 *
 * @param totalBytes all of it
 * @param swapBytes swap space; 0 for none
 * @param swapLimits whether the kernel can hold a group to an amount of swap
 * @param hugePageSizes bytes of one page, for each size that the kernel knows
 */
public record HostMemory(
    long totalBytes, long swapBytes, boolean swapLimits, List<Long> hugePageSizes) {
  private static final long KIB = 1024;
  private static final Pattern HUGE_PAGES = Pattern.compile("hugepages-(\\d+)kB");

  public HostMemory {
    hugePageSizes = List.copyOf(hugePageSizes);
    if (totalBytes < 1 || swapBytes < 0) {
      throw new IllegalArgumentException("no memory");
    }
  }

  /**
   * Reads /proc and /sys.
   *
   * @param root the root of the file system, another in tests
   */
  public static HostMemory read(Path root, CgroupLayout layout) throws IOException {
    String meminfo = Files.readString(root.resolve("proc/meminfo"));
    return new HostMemory(
        kilobytes(meminfo, "MemTotal"),
        kilobytes(meminfo, "SwapTotal"),
        Files.exists(swapFile(root, layout)),
        hugePageSizes(root.resolve("sys/kernel/mm/hugepages")));
  }

  /** The root of a unified tree has no limits, so the own group is asked. */
  private static Path swapFile(Path root, CgroupLayout layout) throws IOException {
    return switch (layout) {
      case CgroupLayout.Unified unified -> {
        String own =
            Files.readAllLines(root.resolve("proc/self/cgroup")).stream()
                .filter(line -> line.startsWith("0::/"))
                .map(line -> line.substring("0::/".length()))
                .findFirst()
                .orElse("");
        yield unified.root().resolve(own).resolve("memory.swap.max");
      }
      case CgroupLayout.Legacy legacy ->
          legacy
              .hierarchies()
              .getOrDefault("memory", Path.of("/nowhere"))
              .resolve("memory.memsw.limit_in_bytes");
      case CgroupLayout.Absent _ -> Path.of("/nowhere");
    };
  }

  private static long kilobytes(String meminfo, String name) {
    Matcher line = Pattern.compile("(?m)^" + name + ":\\s+(\\d+) kB").matcher(meminfo);
    return line.find() ? Long.parseLong(line.group(1)) * KIB : 0;
  }

  private static List<Long> hugePageSizes(Path directory) throws IOException {
    List<Long> sizes = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (Stream<Path> entries = Files.list(directory)) {
        entries
            .map(entry -> HUGE_PAGES.matcher(String.valueOf(entry.getFileName())))
            .filter(Matcher::matches)
            .forEach(name -> sizes.add(Long.parseLong(name.group(1)) * KIB));
      }
    }
    sizes.sort(null);
    return sizes;
  }
}
