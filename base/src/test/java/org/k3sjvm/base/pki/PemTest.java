package org.k3sjvm.base.pki;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PemTest {
  private static final String BLOCK = "-----BEGIN A B1-----\nAQID\n-----END A B1-----\n";

  @Test
  void findsBlocksBetweenOtherText() {
    assertThat(Pem.parse("x\n" + BLOCK + "-----y-----BEGIN \n" + BLOCK.trim()))
        .extracting(Pem.Block::type)
        .containsExactly("A B1", "A B1");
    assertThat(Pem.parse(BLOCK).getFirst().der()).containsExactly(1, 2, 3);
    assertThat(Pem.parse(BLOCK).getFirst().text()).isEqualTo(BLOCK);
  }

  @Test
  void aBlockThatDoesNotEndCostsItselfAlone() {
    assertThat(Pem.parse("-----BEGIN A-----\nAQID\n" + BLOCK)).hasSize(1);
    assertThat(Pem.parse("-----BEGIN A-----BEGIN A B1-----\nAQID\n-----END A B1-----")).hasSize(1);
    assertThat(Pem.parse("-----BEGIN A-----\nAQID\n-----END B-----\n" + BLOCK)).hasSize(1);
    assertThat(Pem.parse(BLOCK.toLowerCase(Locale.ROOT))).isEmpty();
  }

  /** Whoever answers at a server's address sends such text before it is known who that is. */
  @Test
  @Timeout(5)
  void aMegabyteOfBlanksIsReadAtOnce() {
    String blanks = " ".repeat(1 << 20);
    assertThat(Pem.parse("-----BEGIN A-----" + blanks + "\0")).isEmpty();
    assertThat(Pem.parse("-----BEGIN " + blanks)).isEmpty();
    assertThat(Pem.parse("-----BEGIN A-----".repeat(1 << 16))).isEmpty();
  }
}
