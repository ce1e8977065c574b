package org.k3sjvm.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.kubelet.trace.PodStart;
import org.k3sjvm.kubelet.trace.StartStep;

@Timeout(60)
class LocalSocketTest {
  @TempDir Path dataDir;

  @Test
  void answersEachTopicOnOneSocketThatOnlyRootOpens() throws Exception {
    PodStart start =
        new PodStart(
            "default",
            "web",
            "uid-1",
            Instant.parse("2026-01-02T03:04:05Z"),
            Map.of(StartStep.READY, Duration.ofMillis(640)));
    LocalSocket socket = new LocalSocket(dataDir);
    socket.answer(LocalSocket.STATUS, () -> "{\"ready\":true}");
    try (ServiceGroup group = ServiceGroup.open("test")) {
      group.start("socket", socket);
      awaitSocket();
      assertThat(LocalSocket.ask(dataDir, LocalSocket.STATUS)).isEqualTo("{\"ready\":true}");
      assertThat(PodStartLines.ask(dataDir)).isEmpty();
      socket.answer(LocalSocket.POD_STARTS, () -> PodStartLines.of(List.of(start)));
      assertThat(PodStartLines.ask(dataDir)).containsExactly(start);
      assertThat(LocalSocket.ask(dataDir, "no such topic")).isEmpty();
      assertThat(
              PosixFilePermissions.toString(Files.getPosixFilePermissions(LocalSocket.of(dataDir))))
          .isEqualTo("rw-------");
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(dataDir.resolve("agent"))))
          .isEqualTo("rwx------");
    }
  }

  @Test
  void saysWhenNoAgentAnswers() {
    assertThatThrownBy(() -> LocalSocket.ask(dataDir, LocalSocket.STATUS))
        .isInstanceOf(IOException.class);
  }

  private void awaitSocket() throws InterruptedException {
    while (true) {
      try {
        LocalSocket.ask(dataDir, LocalSocket.STATUS);
        return;
      } catch (IOException e) {
        LockSupport.parkNanos(1_000_000);
      }
    }
  }
}
