package org.k3sjvm.linux.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcSysctlsTest {
  /** The kernel's least; one digit alone would be the start of a larger number. */
  private static final int LEAST_PID_MAX = 301;

  @Test
  void aNumberIsReadWithAllItsDigits() {
    assertThat(new ProcSysctls().read("kernel/pid_max"))
        .hasValueSatisfying(
            text -> assertThat(Integer.parseInt(text)).isGreaterThanOrEqualTo(LEAST_PID_MAX));
  }
}
