package org.k3sjvm.kubelet.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerMetadata;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.ContainerStatus;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.Mount;
import org.k3sjvm.kubelet.translate.Labels;

class LastWordsTest {
  private static final String STAMP = "2026-01-01T00:00:00.000000000Z ";

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        // policy, exit code, reason, the runtime's message, file, log, told
        "File,                  1, Error, -, bye, why, bye",
        "File,                  1, Error, -, -,   why, -",
        "FallbackToLogsOnError, 1, Error, -, -,   why, why|",
        "FallbackToLogsOnError, 1, Error, -, bye, why, bye",
        "FallbackToLogsOnError, 0, Completed, -, -, why, -",
        "FallbackToLogsOnError, 1, ContainerCannotRun, -, -, why, -",
        "File,                  1, StartError, no such file, -, -, no such file",
        "File,                  1, Error, oom, bye, -, oom: bye"
      })
  void comeFromTheFileOrElseTheLog(
      String policy, int exit, String reason, String runtime, String file, String log, String told)
      throws IOException {
    if (file != null) {
      Files.writeString(directory.resolve("words"), file);
    }
    if (log != null) {
      Files.writeString(directory.resolve("0.log"), STAMP + "stderr F " + log + "\n");
    }

    assertThat(LastWords.of(status(policy, exit, reason, runtime == null ? "" : runtime)))
        .isEqualTo(told == null ? "" : told.replace('|', '\n'));
  }

  @Test
  void areTheEndOfALongFile() throws IOException {
    Files.writeString(directory.resolve("words"), "a".repeat(5000) + "end");

    assertThat(LastWords.of(status("File", 1, "Error", ""))).hasSize(4096).endsWith("aend");
  }

  @Test
  void areTheLastEightyLinesOfALog() throws IOException {
    Files.writeString(
        directory.resolve("0.log"),
        IntStream.range(0, 200)
            .mapToObj(i -> STAMP + "stdout F " + i)
            .collect(Collectors.joining("\n")));

    assertThat(LastWords.of(status("FallbackToLogsOnError", 1, "Error", "")))
        .startsWith("120\n")
        .endsWith("199\n");
  }

  @Test
  void areAtMostTwoKibibytesOfALog() throws IOException {
    Files.writeString(
        directory.resolve("0.log"),
        STAMP + "stdout F first\n" + STAMP + "stdout P " + "é".repeat(8000) + "\n");

    String words = LastWords.of(status("FallbackToLogsOnError", 1, "Error", ""));

    assertThat(words.getBytes(StandardCharsets.UTF_8).length).isEqualTo(2048);
    assertThat(words).matches("é+");
  }

  private ContainerStatus status(String policy, int exit, String reason, String message) {
    return new ContainerStatus(
        new ContainerId("c"),
        new ContainerMetadata("app", 0),
        ContainerState.EXITED,
        Instant.EPOCH,
        Optional.of(Instant.EPOCH),
        Optional.of(Instant.EPOCH),
        exit,
        ImageSpec.of("busybox:1"),
        "",
        "",
        reason,
        message,
        Map.of(),
        Map.of(Labels.MESSAGE_PATH, "/dev/words", Labels.MESSAGE_POLICY, policy),
        List.of(Mount.bind("/dev/words", directory.resolve("words").toString(), false)),
        directory.resolve("0.log").toString(),
        Optional.empty(),
        Optional.empty(),
        "");
  }
}
