package org.k3sjvm.agent.certificate;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RenewalScheduleTest {
  private static final Instant OBTAINED = Instant.parse("2026-01-01T00:00:00Z");

  @ParameterizedTest
  @CsvSource({
    // life, chance, after
    "PT10M,     0,   PT6M40S",
    "PT10M,     1,   PT5M40S",
    "PT10M,     0.5, PT6M10S",
    "PT30S,     0,   PT20S",
    "PT8760H,   0,   PT5840H",
    "PT8760H,   1,   PT4964H",
    "PT87600H,  0,   PT58400H",
    "PT0S,      0,   PT5M",
    "PT-1H,     1,   PT5M",
  })
  void isDueAtTwoThirdsOfTheLifeOrUpToATenthEarlier(Duration life, double chance, Duration after) {
    assertThat(RenewalSchedule.due(OBTAINED, OBTAINED.plus(life), chance))
        .isEqualTo(OBTAINED.plus(after));
  }

  @Test
  void aYearIsRenewedBeforeUpstreamWouldWarn() {
    Instant end = OBTAINED.plus(Duration.ofDays(365));
    assertThat(RenewalSchedule.due(OBTAINED, end, 0)).isBefore(end.minus(Duration.ofDays(120)));
  }

  @Test
  void itIsOverdueOnlyAfterEveryChanceOfBeingDue() {
    Instant end = OBTAINED.plus(Duration.ofDays(30));
    for (double chance = 0; chance <= 1; chance += 0.1) {
      assertThat(RenewalSchedule.due(OBTAINED, end, chance))
          .isBeforeOrEqualTo(RenewalSchedule.overdue(OBTAINED, end));
    }
  }

  @ParameterizedTest
  @CsvSource({
    // failures, left, chance, wait
    "1,    PT2904H,  0,   PT5S",
    "2,    PT2904H,  0,   PT10S",
    "3,    PT2904H,  1,   PT30S",
    "7,    PT2904H,  0,   PT5M",
    "5000, PT2904H,  0,   PT5M",
    "9,    PT3M20S,  0,   PT20S",
    "9,    PT10S,    0,   PT1S",
    "9,    PT1S,     0,   PT0.5S",
    "1,    PT-1S,    0,   PT5S",
    "9,    PT-100H,  0,   PT5M",
  })
  void triesAgainLaterEachTimeButOftenEnoughToBeInTime(
      int failures, Duration left, double chance, Duration wait) {
    assertThat(RenewalSchedule.retry(failures, left, chance)).isEqualTo(wait);
  }
}
