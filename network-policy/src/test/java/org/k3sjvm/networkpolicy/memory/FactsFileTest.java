package org.k3sjvm.networkpolicy.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.networkpolicy.model.ClusterFacts;
import org.k3sjvm.networkpolicy.model.Policy;
import org.k3sjvm.networkpolicy.model.Selector;

class FactsFileTest {
  private static final ClusterFacts FACTS =
      new ClusterFacts(
          List.of(
              new Policy(
                  new ObjectName("jail", "deny"),
                  Selector.EVERYTHING,
                  Optional.of(List.of()),
                  Optional.empty())),
          Map.of("jail", Map.of("team", "a")),
          List.of());

  @TempDir private Path directory;

  @Test
  void givesBackWhatItKeptForItsOwnerAlone() throws IOException {
    FactsFile file = new FactsFile(file());
    file.write(FACTS);

    assertThat(file.read()).isEqualTo(FACTS);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
  }

  @Test
  void keepsNothingWhereThereIsNoPolicy() {
    FactsFile file = new FactsFile(file());
    file.write(FACTS);
    file.write(ClusterFacts.NONE);

    assertThat(file()).doesNotExist();
    assertThat(file.read()).isEqualTo(ClusterFacts.NONE);
  }

  @Test
  void doesWithoutADiskThatRefuses() {
    FactsFile file = new FactsFile(directory.resolve("no/such/directory"));

    file.write(FACTS);

    assertThat(file.read()).isEqualTo(ClusterFacts.NONE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "[]",
        "{}",
        "{\"version\": 2}",
        "{\"version\": 1, \"policies\": [{}]}",
        "{\"version\": 1, \"policies\": [{\"namespace\": \"a\", \"name\": \"b\"}]}",
        "{\"version\": 1, \"policies\": [{\"name\": \"b\", \"pods\": [{\"operator\": \"x\"}]}]}",
        "{\"version\": 1, \"pods\": [null]}",
        "{\"version\": 1, \"namespaces\": {}, \"pods\""
      })
  void anotherFileIsNone(String text) throws IOException {
    Files.writeString(file(), text);

    assertThat(new FactsFile(file()).read()).isEqualTo(ClusterFacts.NONE);
  }

  @Test
  void doesNotReadAFileThatItWouldNotWrite() throws IOException {
    Files.writeString(file(), " ".repeat(5 << 20) + "{\"version\": 1}");

    assertThat(new FactsFile(file()).read()).isEqualTo(ClusterFacts.NONE);
  }

  private Path file() {
    return directory.resolve("facts.json");
  }
}
