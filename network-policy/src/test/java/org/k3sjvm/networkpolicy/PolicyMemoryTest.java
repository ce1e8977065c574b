package org.k3sjvm.networkpolicy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.linux.testing.FakeFilterElements;
import org.k3sjvm.linux.testing.FakePacketFilter;
import org.k3sjvm.networkpolicy.compile.PolicyModel;
import org.k3sjvm.networkpolicy.memory.FactsFile;
import org.k3sjvm.networkpolicy.model.ClusterFacts;
import org.k3sjvm.networkpolicy.rules.KernelTables;

class PolicyMemoryTest {
  private final Instant now = Instant.now();

  @TempDir private Path directory;

  @Test
  void isLostWhereNoServerIsThereAndNothingIsRemembered() throws IOException {
    assertThat(recalled(true).isLost()).isTrue();
    assertThat(recalled(false).isLost()).isFalse();

    Files.writeString(path(), "{\"version\": 7}");
    assertThat(recalled(true).isLost()).isTrue();
  }

  @Test
  void isNotLostWhereItIsKnownThatThereWasNoPolicy() {
    FactsFile file = new FactsFile(path(), "n1");
    assertThat(file.write(ClusterFacts.NONE)).isTrue();

    assertThat(recalled(true).isLost()).isFalse();
  }

  private PolicyMemory recalled(boolean needed) {
    PolicyBoard board = new PolicyBoard(new PolicyModel("n1", true, false));
    KernelTables tables =
        new KernelTables(
            new FakePacketFilter(), new FakeFilterElements(), List.of(), "30000-32767");
    PolicyMemory memory = new PolicyMemory(new FactsFile(path(), "n1"), board, tables, needed);
    assertThat(memory.isLost()).as("until the file was looked at").isEqualTo(needed);
    assertThat(memory.recall(now)).isEqualTo(ClusterFacts.NONE);
    return memory;
  }

  private Path path() {
    return directory.resolve("facts.json");
  }
}
