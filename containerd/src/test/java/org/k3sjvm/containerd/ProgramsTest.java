package org.k3sjvm.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramsTest {
  @TempDir Path directory;

  @Test
  void saysWhatToInstallWhenAProgramIsMissing() {
    assertThatThrownBy(() -> new Programs(List.of(directory)).need("containerd"))
        .isInstanceOf(ContainerdException.MissingProgram.class)
        .hasMessageContaining("containerd is not installed")
        .hasMessageContaining("apt-get install -y containerd runc");
  }

  @Test
  void looksWhereSystemProgramsLieAlsoWhenThePathDoesNotSay() {
    assertThat(Programs.from(Map.of("PATH", "/opt/x:relative")).directories())
        .startsWith(Path.of("/opt/x"))
        .contains(Path.of("/usr/sbin"))
        .doesNotContain(Path.of("relative"));
  }

  @Test
  void comparesKernels() {
    assertThat(HostProbe.isAtLeast("4.11.0-rc1", 4, 11)).isTrue();
    assertThat(HostProbe.isAtLeast("4.9.1", 4, 11)).isFalse();
    assertThat(HostProbe.isAtLeast("6.1", 4, 11)).isTrue();
    assertThat(HostProbe.isAtLeast("", 4, 11)).isFalse();
  }
}
