package org.k3sjvm.cli.logging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogFileTest {
  private static final String LINE = "0123456789";

  @TempDir Path top;

  @Test
  void goesOnWhereTheRunBeforeEnded() throws IOException {
    write(at(0), LINE);
    write(at(1), LINE);
    assertThat(top.resolve("logs/k3s.log")).hasContent(LINE + LINE);
  }

  @Test
  void isPutAsideCompressedWhenTheNextLineWouldNotFit() throws IOException {
    write(at(0), LINE, LINE, LINE);
    assertThat(names()).containsExactly("k3s-2026-01-02T00-00-00.000.log.gz", "k3s.log");
    byte[] zip = Files.readAllBytes(top.resolve("logs/k3s-2026-01-02T00-00-00.000.log.gz"));
    assertThat(new GZIPInputStream(new ByteArrayInputStream(zip)).readAllBytes())
        .asString(UTF_8)
        .isEqualTo(LINE + LINE);
    assertThat(top.resolve("logs/k3s.log")).hasContent(LINE);
  }

  @Test
  void keepsThreeAndNoneOlderThanFourWeeks() throws IOException {
    Files.createDirectories(top.resolve("logs"));
    Path other = Files.writeString(top.resolve("logs/k3s-notes.log"), "of somebody else");
    for (int hour = 0; hour < 6; hour++) {
      write(at(hour), LINE, LINE);
    }
    assertThat(names())
        .containsExactly(
            "k3s-2026-01-02T03-00-00.000.log.gz",
            "k3s-2026-01-02T04-00-00.000.log.gz",
            "k3s-2026-01-02T05-00-00.000.log.gz",
            "k3s-notes.log",
            "k3s.log");
    Path old = top.resolve("logs/k3s-2026-01-02T05-00-00.000.log.gz");
    Files.setLastModifiedTime(old, FileTime.from(Instant.parse("2025-11-01T00:00:00Z")));
    write(at(6), LINE, LINE);
    assertThat(old).doesNotExist();
    assertThat(other).hasContent("of somebody else");
  }

  @Test
  void aFileThatCannotBePutAsideCostsNoFailure() throws IOException {
    try (LogFile file = LogFile.open(top.resolve("logs/k3s.log"), 20, at(0), Runnable::run)) {
      file.write(LINE.getBytes(UTF_8));
      Files.delete(top.resolve("logs/k3s.log"));
      for (int i = 0; i < 5; i++) {
        file.write(LINE.getBytes(UTF_8));
      }
    }
  }

  private void write(Clock clock, String... lines) throws IOException {
    try (LogFile file = LogFile.open(top.resolve("logs/k3s.log"), 25, clock, Runnable::run)) {
      for (String line : lines) {
        file.write(line.getBytes(UTF_8));
      }
    }
  }

  private static Clock at(int hour) {
    return Clock.fixed(Instant.parse("2026-01-02T0" + hour + ":00:00Z"), ZoneOffset.UTC);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(top.resolve("logs"))) {
      return all.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
