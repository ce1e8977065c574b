package org.k3sjvm.networkpolicy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.networkpolicy.PolicyBoard.Outcome;

class AdmissionTest {
  @ParameterizedTest
  @CsvSource({
    "IN_FORCE, false, false, false, FREE",
    "IN_FORCE, false, false, true,  FREE",
    "IN_FORCE, false, true,  false, FREE",
    "IN_FORCE, false, true,  true,  FREE",
    "IN_FORCE, true,  false, false, FREE",
    "IN_FORCE, true,  false, true,  FREE",
    "IN_FORCE, true,  true,  false, FREE",
    "IN_FORCE, true,  true,  true,  FREE",
    "LATE,     false, false, false, FREE",
    "LATE,     false, false, true,  FREE",
    "LATE,     false, true,  false, FREE",
    "LATE,     false, true,  true,  FREE",
    "LATE,     true,  false, false, NOT_IN_FORCE",
    "LATE,     true,  false, true,  NOT_IN_FORCE",
    "LATE,     true,  true,  false, NOT_IN_FORCE",
    "LATE,     true,  true,  true,  NOT_IN_FORCE",
    "UNKNOWN,  false, false, false, BEFORE_ANY_POLICY",
    "UNKNOWN,  false, false, true,  BEFORE_ANY_POLICY",
    "UNKNOWN,  false, true,  false, NOT_KNOWN",
    "UNKNOWN,  false, true,  true,  UNDER_FORMER_RULES",
    "UNKNOWN,  true,  false, false, NOT_KNOWN",
    "UNKNOWN,  true,  false, true,  NOT_KNOWN",
    "UNKNOWN,  true,  true,  false, NOT_KNOWN",
    "UNKNOWN,  true,  true,  true,  UNDER_FORMER_RULES"
  })
  void letsAPodWhoseRulesNobodyKnowsGoOnOnlyUnderTheRulesItRanUnder(
      Outcome outcome, boolean selected, boolean tabled, boolean ranBefore, Admission expected) {
    assertThat(Admission.of(outcome, selected, tabled, ranBefore, false)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "IN_FORCE, false, false, false, FREE",
    "LATE,     false, false, false, FREE",
    "LATE,     true,  false, false, NOT_IN_FORCE",
    "UNKNOWN,  false, false, false, NOT_KNOWN",
    "UNKNOWN,  false, false, true,  NOT_KNOWN",
    "UNKNOWN,  false, true,  false, NOT_KNOWN",
    "UNKNOWN,  false, true,  true,  UNDER_FORMER_RULES",
    "UNKNOWN,  true,  false, false, NOT_KNOWN"
  })
  void setsNobodyFreeWhereWhatHeldBeforeIsLost(
      Outcome outcome, boolean selected, boolean tabled, boolean ranBefore, Admission expected) {
    assertThat(Admission.of(outcome, selected, tabled, ranBefore, true)).isEqualTo(expected);
  }
}
