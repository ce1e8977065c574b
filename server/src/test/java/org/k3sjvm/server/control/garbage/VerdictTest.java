package org.k3sjvm.server.control.garbage;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.OwnerReference;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerdictTest {
  @ParameterizedTest(name = "owners {0}, dependents {1}: {2}")
  @CsvSource({
    "'', false, Keep",
    "SOLID, false, Keep",
    "SOLID SOLID, true, Keep",
    "GONE, false, Delete",
    "GONE GONE, true, Delete",
    "SOLID GONE, false, Detach",
    "SOLID WAITING, false, Detach",
    "WAITING, false, Delete",
    "WAITING, true, DeleteAfterDependents",
    "GONE WAITING, true, DeleteAfterDependents",
  })
  void followsFromTheOwners(String owners, boolean dependents, String expected) {
    List<Verdict.Owner> states = new ArrayList<>();
    for (String state : owners.isEmpty() ? new String[0] : owners.split(" ", -1)) {
      OwnerReference reference = new OwnerReference();
      reference.setUid(state);
      reference.setBlockOwnerDeletion(true);
      states.add(new Verdict.Owner(reference, Verdict.OwnerState.valueOf(state)));
    }
    Verdict verdict = Verdict.of(states, dependents);
    assertThat(verdict.getClass().getSimpleName()).isEqualTo(expected);
    if (verdict instanceof Verdict.Detach detach) {
      assertThat(detach.remaining()).extracting(OwnerReference::getUid).containsExactly("SOLID");
    }
  }
}
