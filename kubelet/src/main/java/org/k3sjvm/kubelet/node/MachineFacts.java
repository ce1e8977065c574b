package org.k3sjvm.kubelet.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The host's hardware and system.
 *
 * @param cpus logical processors that are on line
 * @param swapBytes all swap space; 0 for none
 * @param hugePages bytes by page size in Kubernetes' spelling, such as {@code 2Mi}
 * @param architecture as Go names it, such as {@code amd64}
 */
public record MachineFacts(
    int cpus,
    long memoryBytes,
    long swapBytes,
    Map<String, Long> hugePages,
    String machineId,
    String systemUuid,
    String bootId,
    String kernelVersion,
    String osImage,
    String architecture) {

  private static final long KIB = 1024;
  private static final Pattern HUGE_PAGES = Pattern.compile("hugepages-(\\d+)kB");

  public MachineFacts {
    hugePages = Map.copyOf(hugePages);
  }

  /**
   * Reads /proc, /sys and /etc. What cannot be read is empty or zero, save the memory.
   *
   * @param root the root of the file system, another in tests
   */
  public static MachineFacts read(Path root) throws IOException {
    String meminfo = Files.readString(root.resolve("proc/meminfo"));
    String machineId = first(root, "etc/machine-id", "var/lib/dbus/machine-id").orElse("");
    return new MachineFacts(
        cpus(root),
        kilobytes(meminfo, "MemTotal").orElseThrow(() -> new IOException("no MemTotal")),
        kilobytes(meminfo, "SwapTotal").orElse(0L),
        hugePages(root.resolve("sys/kernel/mm/hugepages")),
        machineId,
        first(
                root,
                "sys/class/dmi/id/product_uuid",
                "proc/device-tree/system-id",
                "proc/device-tree/vm,uuid")
            .orElse(machineId),
        first(root, "proc/sys/kernel/random/boot_id").orElse(""),
        first(root, "proc/sys/kernel/osrelease").orElse(""),
        osImage(root),
        architecture(System.getProperty("os.arch", "")));
  }

  /** Source: Go's GOARCH values. */
  static String architecture(String java) {
    return switch (java) {
      case "x86_64", "amd64" -> "amd64";
      case "aarch64" -> "arm64";
      case "x86", "i386" -> "386";
      default -> java;
    };
  }

  /** Processors of a list such as {@code 0-3,8}. */
  static int count(String list) {
    int count = 0;
    for (String range : list.split(",", -1)) {
      int dash = range.indexOf('-');
      count +=
          dash < 0
              ? 1
              : Integer.parseInt(range.substring(dash + 1))
                  - Integer.parseInt(range.substring(0, dash))
                  + 1;
    }
    return count;
  }

  private static int cpus(Path root) {
    return first(root, "sys/devices/system/cpu/online")
        .map(MachineFacts::count)
        .orElseGet(() -> Runtime.getRuntime().availableProcessors());
  }

  private static Optional<Long> kilobytes(String meminfo, String name) {
    Matcher line = Pattern.compile("(?m)^" + name + ":\\s+(\\d+) kB").matcher(meminfo);
    return line.find() ? Optional.of(Long.parseLong(line.group(1)) * KIB) : Optional.empty();
  }

  private static Map<String, Long> hugePages(Path directory) throws IOException {
    Map<String, Long> pages = new TreeMap<>();
    if (Files.isDirectory(directory)) {
      try (Stream<Path> sizes = Files.list(directory)) {
        for (Path size : sizes.toList()) {
          Matcher name = HUGE_PAGES.matcher(size.getFileName().toString());
          if (name.matches()) {
            long kilobytes = Long.parseLong(name.group(1));
            long count = first(size, "nr_hugepages").map(Long::parseLong).orElse(0L);
            pages.put(Quantities.binary(kilobytes * KIB), count * kilobytes * KIB);
          }
        }
      }
    }
    return pages;
  }

  private static String osImage(Path root) throws IOException {
    for (String file : List.of("etc/os-release", "usr/lib/os-release")) {
      if (Files.isReadable(root.resolve(file))) {
        for (String line : Files.readAllLines(root.resolve(file))) {
          if (line.startsWith("PRETTY_NAME=")) {
            return line.substring("PRETTY_NAME=".length()).replaceAll("^[\"']|[\"']$", "");
          }
        }
      }
    }
    return "Linux";
  }

  private static Optional<String> first(Path root, String... files) {
    for (String file : files) {
      try {
        String text = Files.readString(root.resolve(file)).replace("\0", "").strip();
        if (!text.isEmpty()) {
          return Optional.of(text);
        }
      } catch (IOException e) {
        // the next one, or none: not every machine has every file
      }
    }
    return Optional.empty();
  }
}
