package org.k3sjvm.flannel.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.linux.wireguard.SecretKey;

class WireguardKeyFileTest {
  private final SecureRandom random = new SecureRandom();

  @TempDir private Path directory;

  @Test
  void makesAKeyOnceForItsOwnerOnly() throws Exception {
    Path file = directory.resolve("run/wgkey");

    SecretKey key = WireguardKeyFile.readOrMake(file, random);

    assertThat(WireguardKeyFile.readOrMake(file, random)).isEqualTo(key);
    assertThat(file).content().hasSize(44).isEqualTo(key.text().reveal());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("r--------");
  }

  @Test
  void readsAKeyThatAnotherProgramWrote() throws Exception {
    Path file = directory.resolve("wgkey");
    Files.writeString(file, "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\n");

    assertThat(WireguardKeyFile.readOrMake(file, random).publicKey().text())
        .isEqualTo("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=");
  }

  @Test
  void saysWhichFileHoldsNoKeyAndNotWhatItHolds() throws Exception {
    Path file = directory.resolve("wgkey");
    Files.writeString(file, "c2VjcmV0");

    assertThatThrownBy(() -> WireguardKeyFile.readOrMake(file, random))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file.toString())
        .hasMessageNotContaining("c2VjcmV0");
  }
}
