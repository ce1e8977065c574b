package org.k3sjvm.containerd.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A runtime beside runc that pods may ask for by RuntimeClass.
 *
 * @param name of the handler
 * @param type containerd's name of the shim
 * @param binary what the shim runs in place of runc; empty for shims that are runtimes themselves
 */
public record ExtraRuntime(String name, String type, Optional<Path> binary) {
  private static final String RUNC_SHIM = "io.containerd.runc.v2";

  /** Program to handler. Source: k3s v1.36 pkg/agent/containerd/runtimes.go. */
  private static final Map<String, String> RUNC_LIKE = runcLike();

  /** Shim's name to version. Source: as above. */
  private static final Map<String, String> SHIMS = shims();

  /** Those of which a program is in one of the directories, by name. */
  public static List<ExtraRuntime> find(List<Path> directories) {
    List<ExtraRuntime> found = new ArrayList<>();
    RUNC_LIKE.forEach(
        (program, name) ->
            locate(program, directories)
                .ifPresent(
                    path -> found.add(new ExtraRuntime(name, RUNC_SHIM, Optional.of(path)))));
    SHIMS.forEach(
        (name, version) ->
            locate("containerd-shim-" + name + "-" + version, directories)
                .ifPresent(
                    path ->
                        found.add(
                            new ExtraRuntime(
                                name, "io.containerd." + name + "." + version, Optional.empty()))));
    return found;
  }

  private static Optional<Path> locate(String program, List<Path> directories) {
    return directories.stream()
        .map(directory -> directory.resolve(program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static Map<String, String> runcLike() {
    Map<String, String> names = new LinkedHashMap<>();
    names.put("crun", "crun");
    names.put("nvidia-container-runtime", "nvidia");
    names.put("nvidia-container-runtime-experimental", "nvidia-experimental");
    names.put("nvidia-container-runtime.cdi", "nvidia-cdi");
    return names;
  }

  private static Map<String, String> shims() {
    Map<String, String> versions = new LinkedHashMap<>();
    for (String name : List.of("lunatic", "slight", "wws", "wasmedge", "wasmer", "wasmtime")) {
      versions.put(name, "v1");
    }
    versions.put("spin", "v2");
    return versions;
  }
}
