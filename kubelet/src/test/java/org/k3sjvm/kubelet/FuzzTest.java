package org.k3sjvm.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.k3sjvm.base.testing.fuzz.FuzzTargets;
import org.k3sjvm.base.testing.fuzz.Fuzzer;

/** A short run on each parser of this module; {@code bench/fuzz.sh} has the long one. */
class FuzzTest {
  @TestFactory
  Stream<DynamicTest> survivesWhateverComes() {
    return FuzzTargets.all().stream()
        .map(
            target ->
                DynamicTest.dynamicTest(
                    target.name(), () -> assertThat(Fuzzer.briefly(target).failures()).isEmpty()));
  }
}
