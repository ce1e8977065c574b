package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.k3sjvm.kube.QuantityNumber;
import org.k3sjvm.kubelet.volume.VolumeLayout.Plugin;
import org.k3sjvm.linux.mount.Mounts;
import org.k3sjvm.linux.mount.TmpfsOptions;

/** Makes the directories that volumes lie in, on disk or in memory. */
final class VolumeDirectories {
  private static final int OPEN_TO_ALL = 0777;
  private static final int STICKY_OPEN_TO_ALL = 01777; // what a tmpfs has without an option

  private final VolumeLayout layout;
  private final Mounts mounts;
  private final Supplier<Map<String, Quantity>> allocatable;

  VolumeDirectories(
      VolumeLayout layout, Mounts mounts, Supplier<Map<String, Quantity>> allocatable) {
    this.layout = layout;
    this.mounts = mounts;
    this.allocatable = allocatable;
  }

  Path path(Pod pod, Plugin plugin, String name) {
    return layout.volume(pod.getMetadata().getUid(), plugin, name);
  }

  /** Makes a directory that is open to all, whatever the umask. Says whether it is new. */
  boolean make(Path directory) throws IOException {
    return make(directory, OPEN_TO_ALL);
  }

  boolean make(Path directory, int mode) throws IOException {
    if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    Path plugin = Modes.parent(directory);
    Path volumes = Modes.parent(plugin);
    Modes.makePrivate(Modes.parent(volumes));
    Modes.makePrivate(volumes);
    Modes.makePrivate(plugin);
    Files.createDirectory(directory);
    Modes.set(directory, mode);
    return true;
  }

  /**
   * Puts the directory in memory, unless it is.
   *
   * @param isNew the directory was just made: nothing can be mounted there
   * @return whether the mount is new
   */
  boolean tmpfs(Path directory, OptionalLong sizeBytes, boolean isNew) {
    if (!isNew && mounts.find(directory).isPresent()) {
      return false;
    }
    mounts.tmpfs(directory, new TmpfsOptions(sizeBytes, STICKY_OPEN_TO_ALL, true));
    return true;
  }

  /** Source: kubelet v1.36 pkg/volume/emptydir, calculateEmptyDirMemorySize. */
  OptionalLong memorySize(Pod pod, Optional<Quantity> limit) {
    return Stream.of(
            Optional.ofNullable(allocatable.get().get("memory")).map(VolumeDirectories::bytes),
            PodFacts.memoryLimit(pod.getSpec()),
            limit.map(VolumeDirectories::bytes))
        .flatMap(Optional::stream)
        .filter(bytes -> bytes > 0)
        .mapToLong(Long::longValue)
        .min();
  }

  private static long bytes(Quantity quantity) {
    return QuantityNumber.of(quantity).longValue();
  }
}
