package org.k3sjvm.networkpolicy.compile;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.networkpolicy.memory.FactsFile;
import org.k3sjvm.networkpolicy.model.ClusterFacts;

/** What a node remembers is enough for its rules. */
class RememberedFactsTest {
  private static final int STEPS = 200;

  @TempDir private Path directory;

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, -1})
  void makesTheSameTables(long given) {
    long seed = given < 0 ? System.nanoTime() : given;
    System.out.println("seed " + seed);
    RandomCluster cluster = new RandomCluster(new Random(seed));
    PolicyModel model = new PolicyModel(RandomCluster.NODE, true, true);
    for (int step = 0; step < STEPS; step++) {
      cluster.change(model);
    }
    FactsFile file = new FactsFile(directory.resolve("facts.json"), RandomCluster.NODE);
    file.write(model.facts());
    ClusterFacts facts = file.read(Instant.now()).orElseThrow();
    PolicyModel remembering = new PolicyModel(RandomCluster.NODE, true, true);

    remembering.remember(facts);

    assertThat(remembering.isolated()).as("seed %s", seed).isEqualTo(model.isolated());
    for (Family family : Family.values()) {
      assertThat(content(remembering, family))
          .as("seed %s", seed)
          .isEqualTo(content(model, family));
    }
    file.write(remembering.facts());
    assertThat(file.read(Instant.now())).as("seed %s", seed).hasValue(facts);
  }

  private static Object content(PolicyModel model, Family family) {
    Packets packets = new Packets();
    packets.apply(Objects.requireNonNull(model.takeWhole().get(family)));
    return packets.content();
  }
}
