package org.k3sjvm.join;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.join.testing.FakeSupervisor;

/** Needs root: it mounts a small file system of its own. */
@Timeout(60)
class FullDiskIT {
  @TempDir Path top;
  private Path disk;

  @BeforeEach
  void mount() throws Exception {
    disk = Files.createDirectory(top.resolve("disk"));
    run("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk.toString());
  }

  @AfterEach
  void unmount() throws Exception {
    run("umount", disk.toString());
  }

  @Test
  void saysThatTheDiskIsFullAndGoesOnOnceThereIsSpace() throws Exception {
    try (FakeSupervisor server = new FakeSupervisor.Builder().start()) {
      server.settings(JoinTest.SETTINGS);
      assertThatThrownBy(() -> join(server).once())
          .isInstanceOf(JoinException.HostUnfit.class)
          .hasMessageContaining("No space left on device")
          .hasMessageContaining("free some space");
      try (var files = Files.walk(disk)) {
        assertThat(files.filter(Files::isRegularFile))
            .allSatisfy(file -> assertThat(file).isNotEmptyFile())
            .noneMatch(file -> file.toString().endsWith(".tmp"));
      }
      run("mount", "-o", "remount,size=1m", disk.toString());
      assertThat(join(server).once().name()).isEqualTo("worker");
    }
  }

  private Join join(FakeSupervisor server) {
    return new Join(
        new JoinConfig(
            server.url(),
            server.url(),
            Optional.of(new Secret(server.token())),
            disk.resolve("agent"),
            top.resolve("node"),
            "worker",
            false,
            List.of(IpAddresses.parse("10.0.0.7")),
            List.of(),
            Optional.empty(),
            Optional.of(Path.of("/etc/resolv.conf")),
            JoinConfig.DEFAULT_RUNTIME_ENDPOINT,
            Optional.empty(),
            false),
        new Join.Host(
            new LinuxHostNetwork(),
            List.of(),
            InstantSource.system(),
            time -> {},
            new SecureRandom()),
        settings -> server.url(),
        Optional::empty);
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }
}
