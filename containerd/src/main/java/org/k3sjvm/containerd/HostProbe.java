package org.k3sjvm.containerd;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.k3sjvm.containerd.config.ExtraRuntime;
import org.k3sjvm.containerd.config.HostFacts;
import org.k3sjvm.linux.host.Capability;
import org.k3sjvm.linux.host.ProcessFacts;

/** Finds out what {@link HostFacts} asks. */
final class HostProbe {
  /** Looked at before the PATH. Source: k3s v1.36 pkg/agent/containerd/runtimes.go. */
  private static final List<Path> RUNTIME_PLACES =
      List.of(Path.of("/usr/local/nvidia/toolkit"), Path.of("/opt/kwasm/bin"));

  /** Where Debian, and the plugins' own instructions, put them. */
  private static final List<Path> CNI_PLACES =
      List.of(Path.of("/usr/lib/cni"), Path.of("/opt/cni/bin"));

  private static final Pattern KERNEL = Pattern.compile("^(?<major>\\d+)\\.(?<minor>\\d+)");

  private HostProbe() {}

  static HostFacts look(ContainerdConfig config, Programs programs, ProcessFacts process) {
    List<Path> runtimePlaces = new ArrayList<>(RUNTIME_PLACES);
    runtimePlaces.addAll(programs.directories());
    Path settings = config.agentDir().resolve("etc/containerd");
    return new HostFacts(
        process.has(Capability.SYS_RESOURCE),
        process.inUserNamespace(),
        isAtLeast(System.getProperty("os.version", ""), 4, 11),
        cniPlugins(config, programs),
        ExtraRuntime.find(runtimePlaces),
        file(settings.resolve("blockio_config.yaml")),
        file(settings.resolve("rdt_config.yaml")));
  }

  static boolean isAtLeast(String kernel, int major, int minor) {
    Matcher matcher = KERNEL.matcher(kernel);
    if (!matcher.find()) {
      return false;
    }
    int itsMajor = Integer.parseInt(matcher.group("major"));
    int itsMinor = Integer.parseInt(matcher.group("minor"));
    return itsMajor > major || (itsMajor == major && itsMinor >= minor);
  }

  private static Optional<Path> cniPlugins(ContainerdConfig config, Programs programs) {
    List<Path> places = new ArrayList<>();
    places.add(config.bundledCniDir());
    places.addAll(CNI_PLACES);
    places.addAll(programs.directories());
    return places.stream()
        .filter(directory -> Files.isExecutable(directory.resolve("host-local")))
        .findFirst();
  }

  private static Optional<Path> file(Path path) {
    return Files.isRegularFile(path) ? Optional.of(path) : Optional.empty();
  }
}
