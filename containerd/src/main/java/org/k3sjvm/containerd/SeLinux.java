package org.k3sjvm.containerd;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What SELinux means for containerd. Source: k3s v1.36 pkg/agent/containerd/config_linux.go. */
final class SeLinux {
  private static final String TYPE = "container_runtime_t";

  private SeLinux() {}

  /** The label of this process; empty where the kernel gives none. */
  static Optional<String> label() {
    try {
      return Files.exists(Path.of("/sys/fs/selinux/enforce"))
          ? Optional.of(Files.readString(Path.of("/proc/self/attr/current")).replace("\0", ""))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** What to tell the user; containers run in any case. */
  static Optional<String> advice(boolean wanted, Optional<String> label) {
    if (label.isPresent() && !wanted) {
      return Optional.of(
          "SELinux is enabled on this host, but containers get no labels: start with --selinux");
    }
    boolean fits = label.filter(l -> List.of(l.strip().split(":")).contains(TYPE)).isPresent();
    return wanted && !fits
        ? Optional.of(
            "--selinux is given, but this process does not run as "
                + TYPE
                + ": install the package k3s-selinux, and enable SELinux")
        : Optional.empty();
  }
}
