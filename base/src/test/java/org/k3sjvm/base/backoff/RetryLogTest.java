package org.k3sjvm.base.backoff;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

class RetryLogTest {
  private static final Instant START = Instant.parse("2026-01-02T03:04:05Z");

  @Test
  void tellsTheSameReasonOnceAMinute() {
    assertThat(lines(_ -> "refused")).isBetween(9, 11);
  }

  @Test
  void timesAndPortsDoNotMakeAnotherReason() {
    assertThat(lines(i -> "the clock says 12:00:" + i)).isBetween(9, 11);
  }

  @Test
  void staysBelowFortyLinesInTenMinutesHoweverReasonsAlternate() {
    assertThat(lines(i -> i % 2 == 0 ? "refused" : "reset")).isBetween(20, 26);
    assertThat(lines(i -> "x".repeat(i))).isBetween(20, 26);
  }

  @Test
  void tellsANewReasonAtOnceAndAgainAfterTheClockWasSetBack() {
    RetryLog log = new RetryLog(Duration.ofMinutes(1));
    assertThat(log.tells("a", START)).isTrue();
    assertThat(log.tells("a", START.plusSeconds(2))).isFalse();
    assertThat(log.tells("b", START.plusSeconds(4))).isTrue();
    assertThat(log.tells("b", START.minus(Duration.ofDays(9000)))).isTrue();
    assertThat(log.tells("b", START.minus(Duration.ofDays(9000)).plusSeconds(2))).isFalse();
  }

  private static int lines(IntFunction<String> reason) {
    RetryLog log = new RetryLog(Duration.ofMinutes(1));
    int lines = 0;
    for (int i = 0; i < 300; i++) {
      if (log.tells(reason.apply(i), START.plusSeconds(2L * i))) {
        lines++;
      }
    }
    return lines;
  }
}
