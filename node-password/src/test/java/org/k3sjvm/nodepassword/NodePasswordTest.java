package org.k3sjvm.nodepassword;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Secret;

class NodePasswordTest {
  @TempDir Path top;
  private Path agent;
  private NodeFiles files;

  @BeforeEach
  void open() throws Exception {
    agent = Files.createDirectory(top.resolve("agent"));
    files = new NodeFiles(top.resolve("etc/node"), new Random(1));
  }

  @Test
  void makesBothFilesOnceWithTheModesOfUpstream() throws Exception {
    NodeIdentity first = files.load("Worker", false, agent);
    NodeIdentity second =
        new NodeFiles(top.resolve("etc/node"), new Random(2)).load("worker", true, agent);

    assertThat(first.name()).isEqualTo("worker");
    assertThat(first.password().reveal()).matches("[0-9a-f]{32}");
    assertThat(second.password()).isEqualTo(first.password());
    assertThat(second.name()).isEqualTo("worker-" + first.id());
    assertThat(files.passwordFile()).hasContent(first.password().reveal() + "\n");
    assertThat(mode(files.passwordFile())).isEqualTo("rw-------");
    assertThat(mode(top.resolve("etc/node/id"))).isEqualTo("rw-r--r--");
    assertThat(mode(top.resolve("etc/node"))).isEqualTo("rwxr-xr-x");
  }

  @Test
  void movesThePasswordOfAnOldReleaseOverTheNewOne() throws Exception {
    files.load("n", false, agent);
    Files.writeString(agent.resolve("node-password.txt"), "old\n");

    assertThat(files.load("n", false, agent).password().reveal()).isEqualTo("old");
    assertThat(agent.resolve("node-password.txt")).doesNotExist();
    assertThat(mode(files.passwordFile())).isEqualTo("rw-------");
  }

  @Test
  void namesTheFileThatCannotBeWritten() throws Exception {
    Files.writeString(top.resolve("etc"), "in the way");
    assertThatThrownBy(() -> files.load("n", false, agent))
        .isInstanceOf(NodeFilesException.class)
        .hasMessageContaining(top.resolve("etc/node/id").toString())
        .hasMessageContaining("free space");
  }

  @Test
  void sendsHeadersWithAddressesJoinedByCommas() {
    NodeIdentity identity = new NodeIdentity("n", "0a", new Secret("pw"));
    assertThat(
            identity.headers(
                List.of(IpAddresses.parse("10.0.0.1"), IpAddresses.parse("192.168.0.2"))))
        .containsEntry("K3s-Node-Name", "n")
        .containsEntry("K3s-Node-Password", "pw")
        .containsEntry("K3s-Node-IP", "10.0.0.1,192.168.0.2");
    assertThat(identity.headers(List.of())).doesNotContainKey("K3s-Node-IP");
    assertThat(identity.toString()).doesNotContain("pw");
  }

  @Test
  void acceptsItsOwnHashAndNoOtherPassword() {
    PasswordHash hash = PasswordHash.of(new Secret("secret"), new Random(3));
    PasswordHash stored = PasswordHash.parse(hash.text()).orElseThrow();
    assertThat(stored.text()).matches("\\$1:[0-9a-f]{16}:15:8:1:[A-Za-z0-9+/]{86}");
    assertThat(stored.matches(new Secret("secret"))).isTrue();
    assertThat(stored.matches(new Secret("Secret"))).isFalse();
    assertThat(stored.toString()).doesNotContain(stored.text().substring(4, 20));
  }

  @Test
  void agreesWithAnotherImplementationOfScrypt() {
    // made with Python's hashlib.scrypt, N = 2^15, r = 8, p = 1, 64 bytes
    String stored =
        "$1:00112233aabbccdd:15:8:1:lA6UgceGk3aLXtX647zbLLypTMKNGa31GS1pDS4W8/eFyTm52yOL"
            + "+KW7H0Awflx81cqIHIdlJd7AjXI59Idqbw";
    assertThat(
            PasswordHash.parse(stored)
                .orElseThrow()
                .matches(new Secret("0123456789abcdef0123456789abcdef")))
        .isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "plain",
        "$1:0011223344556677:30:8:1:",
        "$2:0011223344556677:15:8:1:AAAA",
        "$1:0011223344556677:15:999999:1:AAAA",
        "$1:zz11223344556677:15:8:1:AAAA"
      })
  void refusesWhatNoServerWrites(String text) {
    assertThat(PasswordHash.parse(text)).isEmpty();
    assertThat(PasswordHash.parse(text + "A".repeat(100_000))).isEmpty();
  }

  private static String mode(Path file) throws Exception {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }
}
