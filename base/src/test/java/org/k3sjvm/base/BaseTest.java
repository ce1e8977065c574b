package org.k3sjvm.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.backoff.Backoff;
import org.k3sjvm.base.files.AtomicFiles;
import org.k3sjvm.base.lifetime.ServiceFailedException;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.pki.Keys;
import org.k3sjvm.base.pki.Pem;
import org.k3sjvm.base.secret.Secret;

class BaseTest {
  @TempDir Path directory;

  @Test
  void theFirstFaultOfAGroupStopsItsSiblings() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start(
          "waits",
          () -> {
            try {
              new CountDownLatch(1).await();
            } finally {
              interrupted.countDown();
            }
          });
      group.start(
          "fails",
          () -> {
            throw new IllegalStateException("broken");
          });
      assertThatThrownBy(group::await)
          .isInstanceOf(ServiceFailedException.class)
          .hasRootCauseMessage("broken");
    }
    assertThat(interrupted.await(5, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aReplacedFileHasTheWholeContentAndExactlyTheMode() throws Exception {
    Path file = directory.resolve("password");
    AtomicFiles.write(file, "old\n", "rw-r--r--");
    AtomicFiles.write(file, "new\n", "rw-------");
    assertThat(file).hasContent("new\n");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    try (var files = Files.list(directory)) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void backoffDoublesUpToItsCap() {
    Backoff backoff = Backoff.doubling(Duration.ofSeconds(10), Duration.ofMinutes(5));
    assertThat(backoff.after(0, new Random(1))).isEqualTo(Duration.ofSeconds(10));
    assertThat(backoff.after(2, new Random(1))).isEqualTo(Duration.ofSeconds(40));
    assertThat(backoff.after(1000, new Random(1))).isEqualTo(Duration.ofMinutes(5));
  }

  @Test
  void addressesAreReadInEveryFormAndNothingElse() {
    assertThat(HostPort.parse("[fd00::1]:6443")).hasToString("[fd00::1]:6443");
    assertThat(HostPort.parse("fd00::1", 443)).isEqualTo(new HostPort("fd00::1", 443));
    assertThat(HostPort.parse("server", 443)).hasToString("server:443");
    assertThatThrownBy(() -> HostPort.parse("server:x")).hasMessageContaining("server:x");
    assertThat(Cidr.parse("10.42.1.0/24").at(257).getHostAddress()).isEqualTo("10.42.2.1");
    assertThat(Cidr.parse("10.42.0.0/16").contains(IpAddresses.parse("10.42.255.1"))).isTrue();
    assertThat(Cidr.parse("10.42.0.0/15").contains(IpAddresses.parse("10.44.0.1"))).isFalse();
    assertThatThrownBy(() -> Cidr.parse("10.42.1.1/24")).hasMessageContaining("host bits");
  }

  @Test
  void anEcKeySurvivesItsPemForm() {
    KeyPair pair = Keys.generate();
    String pem = Keys.pem(pair);
    assertThat(pem).startsWith("-----BEGIN EC PRIVATE KEY-----\n");
    KeyPair read = Keys.parsePair(pem);
    assertThat(read.getPublic()).isEqualTo(pair.getPublic());
    assertThat(Keys.match(pair.getPublic(), read.getPrivate())).isTrue();
    assertThat(Keys.match(Keys.generate().getPublic(), read.getPrivate())).isFalse();
    assertThat(Keys.certificateRequest(read)).isNotEmpty();
    assertThat(Pem.parse("noise\n" + pem + pem)).hasSize(2);
  }

  @Test
  void secretsDoNotPrint() {
    assertThat(new Secret("hunter2").toString()).isEqualTo("[redacted]");
  }
}
