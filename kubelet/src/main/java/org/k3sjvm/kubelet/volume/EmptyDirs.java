package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.EmptyDirVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.k3sjvm.kubelet.volume.VolumeLayout.Plugin;

/** emptyDir volumes. Source: kubelet v1.36 pkg/volume/emptydir. */
final class EmptyDirs {
  private final VolumeDirectories directories;

  EmptyDirs(VolumeDirectories directories) {
    this.directories = directories;
  }

  /** Made once; what containers wrote to it stays. */
  Path open(Pod pod, String name, EmptyDirVolumeSource source) throws IOException {
    Path directory = directories.path(pod, Plugin.EMPTY_DIR, name);
    String medium = source.getMedium() == null ? "" : source.getMedium();
    boolean isNew;
    switch (medium) {
      case "" -> isNew = directories.make(directory);
      case "Memory" -> {
        var size = directories.memorySize(pod, Optional.ofNullable(source.getSizeLimit()));
        isNew = directories.tmpfs(directory, size, directories.make(directory));
      }
      default -> throw new VolumeException("unknown storage medium \"" + medium + "\"");
    }
    OptionalInt group = PodFacts.fsGroup(pod);
    if (group.isPresent() && isNew) {
      Modes.giveToGroup(directory, group.getAsInt(), false);
    }
    return directory;
  }
}
