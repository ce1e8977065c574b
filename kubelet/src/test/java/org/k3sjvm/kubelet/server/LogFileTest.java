package org.k3sjvm.kubelet.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class LogFileTest {
  @TempDir Path directory;

  @Test
  void aFileIsRead() throws IOException {
    Path path = Files.writeString(directory.resolve("0.log"), "one\n");
    try (LogFile file = new LogFile(path)) {
      assertThat(file.next()).isTrue();
      assertThat(new String(file.line(), 0, file.lineLength(), StandardCharsets.UTF_8))
          .isEqualTo("one");
    }
  }

  @Test
  void aLinkInTheFilesPlaceIsNotFollowed() throws IOException {
    Path secret = Files.writeString(directory.resolve("secret"), "secret\n");
    Path link = Files.createSymbolicLink(directory.resolve("0.log"), secret);
    assertThatThrownBy(() -> new LogFile(link)).isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aPipeInTheFilesPlaceHoldsNobodyUp() throws IOException, InterruptedException {
    Path pipe = directory.resolve("0.log");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    assertThatThrownBy(() -> new LogFile(pipe)).isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aPipeThatComesLaterIsNotRead() throws IOException, InterruptedException {
    Path path = Files.writeString(directory.resolve("0.log"), "one\n");
    try (LogFile file = new LogFile(path)) {
      assertThat(file.next()).isTrue();
      assertThat(file.next()).isFalse();
      Files.delete(path);
      assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor()).isZero();
      assertThat(file.reopenIfReplaced()).isFalse();
    }
  }
}
