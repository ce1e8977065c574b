package org.k3sjvm.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Planner, worker, inbox and memory against a model of the runtime, in very many short random
 * sequences: exits, dead sandboxes, refused, lost, late and broken calls, restarts of the agent
 * with an old status, deletions, kills, edits, probes. What must hold is in {@link ModelLaws}.
 *
 * <p>{@code -Dmodel.sequences=1000000} runs that many, {@code -Dmodel.seed=N} one, and prints it.
 */
class PodModelTest {
  private static final System.Logger log = System.getLogger("PodModelTest");

  private static final int SEQUENCES = Integer.getInteger("model.sequences", 5_000);

  @Test
  void whatMustHoldHoldsWhateverHappens() throws InterruptedException {
    Optional<Long> one = Optional.ofNullable(Long.getLong("model.seed"));
    long base = one.orElseGet(System::nanoTime);
    long count = one.isPresent() ? 1 : SEQUENCES;
    long began = System.nanoTime();
    long events = 0;
    for (long seed = base; seed < base + count; seed++) {
      PodModel model = new PodModel(seed, one.isPresent());
      try {
        model.run();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("-Dmodel.seed=" + seed + ": " + e.getMessage() + traced(seed), e);
      }
      events += model.events();
      model.trace.ifPresent(t -> log.log(System.Logger.Level.INFO, t.toString()));
    }
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    log.log(
        System.Logger.Level.INFO,
        count + " sequences of " + events + " events from seed " + base + " in " + took);
    assertThat(events).isGreaterThan(5 * count);
  }

  /** The same sequence once more, written down. */
  private static String traced(long seed) throws InterruptedException {
    PodModel model = new PodModel(seed, true);
    try {
      model.run();
    } catch (AssertionError | RuntimeException e) {
      // the one that is being told
    }
    return model.trace.map(StringBuilder::toString).orElse("");
  }
}
