package org.k3sjvm.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.secret.Seal;

class HostKeyTest {
  @TempDir private Path root;

  private Path machineId;
  private Path own;

  @BeforeEach
  void makeHost() throws IOException {
    machineId = root.resolve("etc/machine-id");
    own = root.resolve("etc/rancher/node");
    Files.createDirectories(root.resolve("etc"));
    Files.writeString(machineId, "0123456789abcdef\n");
  }

  @Test
  void staysTheSameAcrossStarts() throws Exception {
    byte[] sealed = seal().close(new byte[] {1, 2, 3}, "x");
    assertThat(seal().open(sealed, "x")).containsExactly(1, 2, 3);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key())))
        .isEqualTo("rw-------");
  }

  @Test
  void isAnotherOnAnotherMachineOrWithoutItsFile() throws Exception {
    byte[] sealed = seal().close(new byte[] {1, 2, 3}, "x");
    Files.writeString(machineId, "another");
    assertThatThrownBy(() -> seal().open(sealed, "x")).isInstanceOf(Seal.BrokenException.class);

    Files.writeString(machineId, "0123456789abcdef\n");
    Files.delete(key());
    assertThatThrownBy(() -> seal().open(sealed, "x")).isInstanceOf(Seal.BrokenException.class);
  }

  @Test
  void aBrokenFileIsReplaced() throws Exception {
    Files.createDirectories(own);
    Files.writeString(key(), "half a k");
    byte[] sealed = seal().close(new byte[] {1}, "x");
    assertThat(seal().open(sealed, "x")).containsExactly(1);
    assertThat(Files.readString(key())).hasSize(65);
  }

  private Path key() {
    return own.resolve("cold-start.key");
  }

  private Seal seal() throws IOException {
    return HostKey.seal("test", own, root);
  }
}
