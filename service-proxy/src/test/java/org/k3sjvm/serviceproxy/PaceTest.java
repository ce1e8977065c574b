package org.k3sjvm.serviceproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class PaceTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

  @Test
  void letsTwoPassAtOnceAndThenOneEachSecond() {
    Pace pace = new Pace(Duration.ofSeconds(1), 2, NOON);

    assertThat(pace.take(NOON)).isZero();
    assertThat(pace.take(NOON)).isZero();
    assertThat(pace.take(NOON)).isEqualTo(Duration.ofSeconds(1));
    assertThat(pace.take(NOON.plusSeconds(1))).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void letsTwoPassAgainAfterAQuietTime() {
    Pace pace = new Pace(Duration.ofSeconds(1), 2, NOON);
    for (int i = 0; i < 5; i++) {
      pace.take(NOON);
    }

    Instant later = NOON.plusSeconds(60);
    assertThat(pace.take(later)).isZero();
    assertThat(pace.take(later)).isZero();
    assertThat(pace.take(later)).isEqualTo(Duration.ofSeconds(1));
  }
}
