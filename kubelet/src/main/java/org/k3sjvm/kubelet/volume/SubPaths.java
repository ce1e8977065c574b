package org.k3sjvm.kubelet.volume;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.mount.BindOptions;
import org.k3sjvm.linux.mount.Mounts;
import org.k3sjvm.linux.mount.OpenPath;

/**
 * Parts of volumes. A pod can write its volume while a part of it is being mounted, so each part is
 * opened without leaving the volume and what was opened is bound, not its name. Source: kubelet
 * v1.36 k8s.io/mount-utils and pkg/volume/util/subpath.
 */
final class SubPaths {
  private final VolumeLayout layout;
  private final Mounts mounts;

  SubPaths(VolumeLayout layout, Mounts mounts) {
    this.layout = layout;
    this.mounts = mounts;
  }

  Path pin(
      String podUid,
      String container,
      int mountIndex,
      String volume,
      Path mounted,
      String subPath) {
    if (subPath.startsWith("/") || Path.of(subPath).normalize().startsWith("..")) {
      throw new VolumeException("the path leaves the volume: " + subPath);
    }
    Path target = layout.subPath(podUid, volume, container, mountIndex);
    try (OpenPath part = openOrMake(mounted, subPath)) {
      mounts.detach(target);
      makeTarget(target, part.isDirectory());
      mounts.bind(part.path(), target, BindOptions.READ_WRITE);
      return target;
    } catch (LinuxException | IOException e) {
      throw new VolumeException(
          "failed to prepare subPath for volumeMount \""
              + volume
              + "\" of container \""
              + container
              + "\": "
              + e.getMessage(),
          e);
    }
  }

  private static OpenPath openOrMake(Path volume, String subPath) throws IOException {
    Path relative = Path.of(subPath).normalize();
    if (relative.toString().isEmpty()) {
      return OpenPath.beneath(volume, ".");
    }
    try {
      return OpenPath.beneath(volume, relative.toString());
    } catch (LinuxException.NotFound e) {
      makeDirectories(volume, relative);
      return OpenPath.beneath(volume, relative.toString());
    }
  }

  /** One by one, each within the one before, which is held open. */
  private static void makeDirectories(Path volume, Path relative) throws IOException {
    int mode = Modes.get(volume) & Modes.PERMISSIONS;
    for (int i = 0; i < relative.getNameCount(); i++) {
      String parent = i == 0 ? "." : relative.subpath(0, i).toString();
      try (OpenPath open = OpenPath.beneath(volume, parent)) {
        Files.createDirectory(open.path().resolve(relative.getName(i)));
      } catch (FileAlreadyExistsException e) {
        continue;
      }
      try (OpenPath made = OpenPath.beneath(volume, relative.subpath(0, i + 1).toString())) {
        Modes.set(made.path(), mode);
      }
    }
  }

  private static void makeTarget(Path target, boolean directory) throws IOException {
    Files.createDirectories(Modes.parent(target));
    if (Files.exists(target) && Files.isDirectory(target) != directory) {
      Files.delete(target);
    }
    if (Files.notExists(target)) {
      if (directory) {
        Files.createDirectory(target);
      } else {
        Files.createFile(target);
      }
    }
  }
}
