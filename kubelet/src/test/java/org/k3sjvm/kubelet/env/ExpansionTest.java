package org.k3sjvm.kubelet.env;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExpansionTest {
  private static final Map<String, String> KNOWN = Map.of("A", "1", "B", "$(A)", "EMPTY", "");

  @ParameterizedTest
  @CsvSource({
    "$(A), 1",
    "x$(A)y, x1y",
    "$(A)$(A), 11",
    "$$(A), $(A)",
    "$$$(A), $1",
    "$(NONE), $(NONE)",
    "$(B), $(A)",
    "$(A, $(A",
    "$A, $A",
    "$, $",
    "a$, a$",
    "$$, $",
    "[$(EMPTY)], []",
    "$(), $()"
  })
  void replacesWhatItKnowsAndLeavesTheRest(String text, String expanded) {
    assertThat(Expansion.expand(text, KNOWN)).isEqualTo(expanded);
  }
}
