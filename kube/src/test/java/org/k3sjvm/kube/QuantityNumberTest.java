package org.k3sjvm.kube;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 5, unit = TimeUnit.SECONDS)
class QuantityNumberTest {
  @ParameterizedTest
  @CsvSource({
    "100m, 0.1",
    "1.5Gi, 1610612736",
    "1e3, 1000",
    "12E, 12000000000000000000",
    "-1Ki, -1024",
    "1e-3, 0.001",
    "0, 0",
    "0e999999999, 0",
  })
  void readsEachForm(String text, BigDecimal number) {
    assertThat(QuantityNumber.of(new Quantity(text)))
        .isEqualByComparingTo(number.min(BigDecimal.valueOf(Long.MAX_VALUE)));
  }

  /** Such a number has as many digits as its exponent says, and would fill any memory. */
  @ParameterizedTest
  @CsvSource({
    "1e999999999, 9223372036854775807",
    "-1E99999999999, -9223372036854775807",
    "1e-999999999, 0.000000001",
    "1e99, 9223372036854775807",
  })
  void whatIsBeyondAllMeasureIsTheLargestOrTheSmallest(String text, BigDecimal number) {
    assertThat(QuantityNumber.of(new Quantity(text)).add(BigDecimal.ONE))
        .isEqualByComparingTo(number.add(BigDecimal.ONE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"3n2147483647", "1x", "Ki", "1.2.3", "1e", "--1"})
  void whatIsNoQuantityIsTold(String text) {
    assertThatThrownBy(() -> QuantityNumber.of(new Quantity(text)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
