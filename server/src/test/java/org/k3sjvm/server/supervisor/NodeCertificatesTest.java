package org.k3sjvm.server.supervisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeCertificatesTest {
  @ParameterizedTest
  @CsvSource({
    "90, PT2160H",
    "10m, PT10M",
    "6s, PT6S",
    "0, PT8760H",
    "-5s, PT8760H",
    "soon, PT8760H",
  })
  void certificatesLastAsLongAsTheVariableSays(String said, Duration validity) {
    assertThat(NodeCertificates.validity(Optional.of(said))).isEqualTo(validity);
  }

  @Test
  void certificatesLastAYear() {
    assertThat(NodeCertificates.validity(Optional.empty())).isEqualTo(Duration.ofDays(365));
  }
}
