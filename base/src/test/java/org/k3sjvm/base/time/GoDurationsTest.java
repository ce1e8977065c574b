package org.k3sjvm.base.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoDurationsTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0s, 0",
    "12h, 43200000",
    "1h30m, 5400000",
    "1.5s, 1500",
    "300ms, 300",
    "-2s, -2000",
    ".5m, 30000"
  })
  void readsWhatGoReads(String text, long millis) {
    assertThat(GoDurations.parse(text)).isEqualTo(Duration.ofMillis(millis));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "1x", "h", "1h 2m", "999999999h", "-", "1..5s"})
  void refusesWhatGoRefuses(String text) {
    assertThatThrownBy(() -> GoDurations.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0s",
    "999, 999ms",
    "1000, 1s",
    "1230, 1.23s",
    "10000, 10s",
    "61500, 1m1.5s",
    "120000, 2m0s",
    "3600000, 1h0m0s"
  })
  void writesAsGoWrites(long millis, String text) {
    assertThat(GoDurations.text(Duration.ofMillis(millis))).isEqualTo(text);
  }
}
