package org.k3sjvm.kubelet.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.http.Query;

@Timeout(30)
class LogStreamerTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:05:00Z");
  private static final String LOG =
      """
      2026-01-02T03:04:01.5Z stdout F one
      2026-01-02T03:04:02.000000001Z stderr F two
      2026-01-02T03:04:03Z stdout P thr
      2026-01-02T03:04:03.1Z stdout F ee
      not a line of ours
      2026-01-02T05:04:04+02:00 stdout F\s
      2026-01-02T03:04:05Z stdout F five words in here
      """;

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                        | 'one,two,three,,five words in here,'",
        "stream=Stdout             | 'one,three,,five words in here,'",
        "stream=Stderr             | 'two,'",
        "tailLines=1               | 'five words in here,'",
        "tailLines=2               | ',five words in here,'",
        "tailLines=0               | ''",
        "tailLines=100             | 'one,two,three,,five words in here,'",
        "limitBytes=5              | 'one,t'",
        "sinceTime=2026-01-02T03:04:04Z | ',five words in here,'",
        "sinceSeconds=56           | ',five words in here,'",
        "sinceSeconds=1            | ''",
        "timestamps=true&tailLines=1 | '2026-01-02T03:04:05.000000000Z five words in here,'",
        "timestamps=true&stream=Stderr | '2026-01-02T03:04:02.000000001Z two,'",
        "timestamps=true&sinceTime=2026-01-02T03:04:03Z&limitBytes=36 |"
            + " '2026-01-02T03:04:03.000000000Z three'",
      })
  void writesThePartAskedFor(String query, String expected) throws Exception {
    assertThat(read(query).replace('\n', ',')).isEqualTo(expected.strip());
  }

  @Test
  void tailCountsFromTheEndOfAFileOfManyBlocks() throws Exception {
    StringBuilder log = new StringBuilder();
    for (int i = 0; i < 5000; i++) {
      log.append("2026-01-02T03:04:01Z stdout F line ").append(i).append('\n');
    }
    assertThat(read(log.toString(), "tailLines=1000"))
        .startsWith("line 4000\n")
        .endsWith("line 4999\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tailLines=-1",
        "limitBytes=0",
        "sinceSeconds=0",
        "stream=x",
        "sinceSeconds=1&sinceTime=2026-01-02T03:04:04Z"
      })
  void whatCannotBeMeantIsRefused(String query) {
    assertThatThrownBy(() -> LogOptions.of(Query.parse(query), NOW))
        .isInstanceOfSatisfying(ApiError.class, e -> assertThat(e.status()).isEqualTo(422));
  }

  @ParameterizedTest
  @ValueSource(strings = {"tailLines=x", "sinceTime=yesterday", "follow=maybe"})
  void whatCannotBeReadIsRefused(String query) {
    assertThatThrownBy(() -> LogOptions.of(Query.parse(query), NOW))
        .isInstanceOfSatisfying(ApiError.class, e -> assertThat(e.status()).isEqualTo(400));
  }

  @Test
  void followingCrossesARotationAndEndsWithTheContainer() throws Exception {
    Path log = directory.resolve("0.log");
    Files.writeString(log, "2026-01-02T03:04:01Z stdout F one\n2026-01-02T03:04:01Z stdout P ha");
    // What happens each time the reader has reached the end and asks whether the container runs.
    Deque<Step> steps =
        new ArrayDeque<>(
            List.of(
                () -> append(log, "lf\n2026-01-02T03:04:02Z stdout F -way\n"),
                () -> {
                  append(log, "2026-01-02T03:04:03Z stdout F before\n");
                  Files.move(log, directory.resolve("0.log.20260102-030405"));
                },
                () -> {},
                () -> Files.writeString(log, "2026-01-02T03:04:04Z stdout F after\n"),
                () -> {},
                () -> append(log, "2026-01-02T03:04:05Z stdout F last words\n")));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new LogStreamer(LogOptions.of(Query.parse("follow=true"), NOW), out, time -> {})
        .stream(
            log,
            () -> {
              run(steps.remove());
              return !steps.isEmpty();
            });
    assertThat(out.toString(StandardCharsets.UTF_8))
        .isEqualTo("one\nhalf-way\nbefore\nafter\nlast words\n");
  }

  @Test
  void followingWithATailShowsMoreThanTheTail() throws Exception {
    Path log = directory.resolve("0.log");
    Files.writeString(log, LOG);
    Deque<Step> steps =
        new ArrayDeque<>(
            List.of(() -> append(log, "2026-01-02T03:04:06Z stdout F six\n"), () -> {}));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new LogStreamer(LogOptions.of(Query.parse("follow=true&tailLines=0"), NOW), out, time -> {})
        .stream(
            log,
            () -> {
              run(steps.remove());
              return !steps.isEmpty();
            });
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("six\n");
  }

  private interface Step {
    void run() throws Exception;
  }

  private static void run(Step step) {
    try {
      step.run();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static void append(Path file, String text) throws Exception {
    Files.writeString(file, text, StandardOpenOption.APPEND);
  }

  private String read(String query) throws Exception {
    return read(LOG, query);
  }

  private String read(String log, String query) throws Exception {
    Path file = directory.resolve("0.log");
    Files.writeString(file, log);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new LogStreamer(LogOptions.of(Query.parse(query), NOW), out, time -> {})
        .stream(file, () -> true);
    return out.toString(StandardCharsets.UTF_8);
  }
}
