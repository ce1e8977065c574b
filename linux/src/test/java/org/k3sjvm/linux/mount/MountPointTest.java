package org.k3sjvm.linux.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class MountPointTest {
  @Test
  void readsALineWithOptionalFieldsAndEscapes() {
    MountPoint mount =
        MountPoint.parse(
            "36 35 98:0 /a\\040b /mnt/two\\040words ro,noatime shared:1 master:2 - ext4 /dev/r rw");

    assertThat(mount)
        .isEqualTo(
            new MountPoint(
                36,
                "98:0",
                "/a b",
                Path.of("/mnt/two words"),
                List.of("ro", "noatime"),
                "ext4",
                "/dev/r",
                List.of("rw")));
    assertThat(mount.readOnly()).isTrue();
  }

  @Test
  void refusesALineWithoutASeparator() {
    assertThatThrownBy(() -> MountPoint.parse("36 35 98:0 / /mnt rw"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("mountinfo");
  }
}
