package org.k3sjvm.kubelet.translate;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What of the kernel's files a container does not see, or only reads, unless its {@code procMount}
 * says otherwise. Runtimes pay no heed to them for privileged containers.
 *
 * <p>Source: Kubernetes v1.36 pkg/securitycontext/util.go.
 */
final class ProcPaths {
  static final List<String> READ_ONLY =
      List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

  private static final List<String> ALWAYS_MASKED =
      List.of(
          "/proc/asound",
          "/proc/acpi",
          "/proc/interrupts",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/proc/sched_debug",
          "/proc/scsi",
          "/sys/firmware",
          "/sys/devices/virtual/powercap");

  static final List<String> MASKED = masked(Path.of("/sys/devices/system/cpu"));

  private ProcPaths() {}

  /** With the counters of overheated processors, where there are such. */
  static List<String> masked(Path cpus) {
    List<String> all = new ArrayList<>(ALWAYS_MASKED);
    IntStream.iterate(0, i -> Files.isDirectory(cpus.resolve("cpu" + i)), i -> i + 1)
        .mapToObj(i -> cpus.resolve("cpu" + i + "/thermal_throttle"))
        .filter(Files::exists)
        .forEach(path -> all.add(path.toString()));
    return List.copyOf(all);
  }
}
