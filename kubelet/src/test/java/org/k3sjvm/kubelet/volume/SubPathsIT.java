package org.k3sjvm.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.linux.mount.KernelMounts;
import org.k3sjvm.linux.mount.MountPoint;

/** Needs root: it mounts inside its own temporary directory. */
class SubPathsIT {
  @TempDir Path root;

  private final KernelMounts mounts = new KernelMounts();

  @AfterEach
  void unmount() {
    for (MountPoint mount : mounts.within(root)) {
      mounts.detach(mount.target());
    }
  }

  private Path pin(String subPath) throws Exception {
    Path volume = root.resolve("volume");
    Files.createDirectories(volume);
    return new SubPaths(new VolumeLayout(root), mounts)
        .pin("uid", "container", 0, "volume", volume, subPath);
  }

  @Test
  void aMissingDirectoryIsMadeAndBound() throws Exception {
    Path target = pin("a/b");
    Files.writeString(target.resolve("file"), "seen");
    assertThat(root.resolve("volume/a/b/file")).hasContent("seen");
    assertThat(target).isEqualTo(root.resolve("pods/uid/volume-subpaths/volume/container/0"));
  }

  @Test
  void aFileIsBoundAsAFile() throws Exception {
    Files.createDirectories(root.resolve("volume"));
    Files.writeString(root.resolve("volume/file"), "content");
    assertThat(pin("file")).isRegularFile().hasContent("content");
  }

  @Test
  void aLinkInsideIsFollowedAndOneThatLeavesIsRefused() throws Exception {
    Files.createDirectories(root.resolve("volume/real"));
    Files.writeString(root.resolve("secret"), "of the host");
    Files.createSymbolicLink(root.resolve("volume/inside"), Path.of("real"));
    Files.createSymbolicLink(root.resolve("volume/outside"), Path.of("../secret"));
    Files.createSymbolicLink(root.resolve("volume/absolute"), root.resolve("secret"));
    assertThat(pin("inside")).isDirectory();
    assertThatThrownBy(() -> pin("outside")).isInstanceOf(VolumeException.class);
    assertThatThrownBy(() -> pin("absolute")).isInstanceOf(VolumeException.class);
    assertThatThrownBy(() -> pin("../up")).hasMessageContaining("leaves the volume");
  }
}
