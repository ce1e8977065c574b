package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.EphemeralContainer;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * Mounts below the mount of a volume that containers cannot write: the runtime cannot make their
 * directories there, so they are made in the volume. K3s's CoreDNS has one. Source: kubelet v1.36
 * pkg/volume/util/nested_volumes.go.
 */
final class NestedMounts {
  private static final Path ROOT = Path.of("/");
  private static final int DIRECTORY_MODE = 0755;

  private NestedMounts() {}

  /**
   * The directories that a volume needs, relative to it and below it; of mounts within mounts the
   * outer one alone.
   *
   * @throws java.nio.file.InvalidPathException when a mount path is no path
   */
  static Set<Path> of(PodSpec spec, String volume) {
    Set<Path> nested = new TreeSet<>();
    PodFacts.containers(spec)
        .forEach(container -> add(nested, PodFacts.orEmpty(container.getVolumeMounts()), volume));
    for (EphemeralContainer container : PodFacts.orEmpty(spec.getEphemeralContainers())) {
      add(nested, PodFacts.orEmpty(container.getVolumeMounts()), volume);
    }
    return nested;
  }

  /** Makes them in a volume that nobody else writes. */
  static void make(Path directory, Set<Path> nested, OptionalInt group) throws IOException {
    for (Path relative : nested) {
      Path here = directory;
      for (Path name : relative) {
        here = here.resolve(name);
        if (Files.notExists(here)) {
          Files.createDirectory(here);
          Modes.set(here, DIRECTORY_MODE);
          if (group.isPresent()) {
            Modes.giveOne(here, group.getAsInt(), true);
          }
        }
      }
    }
  }

  private static void add(Set<Path> nested, List<VolumeMount> mounts, String volume) {
    List<Path> all = new ArrayList<>();
    mounts.forEach(mount -> all.add(place(mount)));
    for (VolumeMount mount : mounts) {
      Path mine = place(mount);
      if (mount.getName().equals(volume)) {
        all.stream()
            .filter(place -> isWithin(place, mine))
            .filter(place -> all.stream().noneMatch(o -> isWithin(o, mine) && isWithin(place, o)))
            .forEach(place -> nested.add(mine.relativize(place)));
      }
    }
  }

  private static Path place(VolumeMount mount) {
    return ROOT.resolve(mount.getMountPath()).normalize();
  }

  private static boolean isWithin(Path path, Path directory) {
    return path.startsWith(directory) && !path.equals(directory);
  }
}
