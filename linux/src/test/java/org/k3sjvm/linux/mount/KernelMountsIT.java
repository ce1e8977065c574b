package org.k3sjvm.linux.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.linux.LinuxException;

class KernelMountsIT {
  private final KernelMounts mounts = new KernelMounts();

  @TempDir private Path directory;

  @AfterEach
  void unmountAll() {
    mounts.within(directory).forEach(mount -> mounts.detach(mount.target()));
  }

  @Test
  void mountsATmpfsOfTheAskedSizeAndMode() throws IOException {
    Path target = Files.createDirectory(directory.resolve("with space"));

    mounts.tmpfs(target, new TmpfsOptions(OptionalLong.of(1 << 20), 0777, true));

    assertThat(mounts.find(target))
        .hasValueSatisfying(m -> assertThat(m.type()).isEqualTo("tmpfs"));
    assertThat(mounts.usage(target).capacityBytes()).isEqualTo(1 << 20);
    assertThat(Files.getPosixFilePermissions(target)).hasSize(9);
    mounts.unmount(target);
    assertThat(mounts.find(target)).isEmpty();
  }

  @Test
  void bindsAFileReadOnly() throws IOException {
    Path source = Files.writeString(directory.resolve("source"), "text");
    Path target = Files.createFile(directory.resolve("target"));

    mounts.bind(source, target, BindOptions.READ_ONLY);

    assertThat(target).hasContent("text");
    assertThatThrownBy(() -> Files.writeString(target, "other"))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("Read-only");
  }

  @Test
  void unmountsAWholeStackAndTakesNothingForSuccess() throws IOException {
    Path target = Files.createDirectory(directory.resolve("stack"));
    TmpfsOptions small = new TmpfsOptions(OptionalLong.of(4096), 0700, false);
    mounts.tmpfs(target, small);
    mounts.tmpfs(target, small);

    mounts.unmount(target);
    mounts.unmount(target);
    mounts.unmount(directory.resolve("absent"));

    assertThat(mounts.find(target)).isEmpty();
  }

  @Test
  void saysBusyWhileAFileIsOpen() throws IOException {
    Path target = Files.createDirectory(directory.resolve("busy"));
    mounts.tmpfs(target, new TmpfsOptions(OptionalLong.empty(), 0700, false));
    try (OutputStream open = Files.newOutputStream(target.resolve("file"))) {
      open.write(1);
      assertThatThrownBy(() -> mounts.unmount(target)).isInstanceOf(LinuxException.Busy.class);
      mounts.detach(target);
    }
    assertThat(mounts.find(target)).isEmpty();
  }

  @Test
  void namesTheTargetThatIsMissing() {
    Path absent = directory.resolve("absent");

    assertThatThrownBy(() -> mounts.bind(directory, absent, BindOptions.READ_WRITE))
        .isInstanceOf(LinuxException.NotFound.class)
        .hasMessageContaining(absent.toString());
  }
}
