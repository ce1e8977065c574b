package org.k3sjvm.containerd;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Where programs are looked for: the PATH, then where system programs lie on Debian. */
final class Programs {
  private static final List<Path> SYSTEM =
      List.of(
          Path.of("/usr/local/sbin"),
          Path.of("/usr/local/bin"),
          Path.of("/usr/sbin"),
          Path.of("/usr/bin"),
          Path.of("/sbin"),
          Path.of("/bin"));

  private final List<Path> directories;

  Programs(List<Path> directories) {
    this.directories = List.copyOf(directories);
  }

  static Programs from(Map<String, String> environment) {
    Set<Path> directories = new LinkedHashSet<>();
    for (String entry : environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      if (entry.startsWith("/")) {
        directories.add(Path.of(entry));
      }
    }
    directories.addAll(SYSTEM);
    return new Programs(new ArrayList<>(directories));
  }

  List<Path> directories() {
    return directories;
  }

  /** As a PATH, so that a child finds what we found. */
  String path() {
    return directories.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
  }

  Optional<Path> find(String program) {
    return directories.stream()
        .map(directory -> directory.resolve(program))
        .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
        .findFirst();
  }

  /**
   * The program's path.
   *
   * @throws ContainerdException.MissingProgram when there is none
   */
  Path need(String program) {
    return find(program).orElseThrow(() -> new ContainerdException.MissingProgram(program));
  }
}
