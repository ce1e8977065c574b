package org.k3sjvm.networkpolicy.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.networkpolicy.model.ClusterFacts;
import org.k3sjvm.networkpolicy.model.PodFacts;
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

  private final Instant now = Instant.now();

  @TempDir private Path directory;

  @Test
  void givesBackWhatItKeptForItsOwnerAlone() throws IOException {
    FactsFile file = facts();
    file.write(FACTS);

    assertThat(file.read(now)).hasValue(FACTS);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
  }

  @Test
  void tellsThatThereWasNoPolicyFromKnowingNothing() {
    FactsFile file = facts();
    assertThat(file.read(now)).isEmpty();
    file.write(FACTS);
    file.write(ClusterFacts.NONE);

    assertThat(file.read(now)).hasValue(ClusterFacts.NONE);
  }

  @Test
  void afterADayOthersMayHaveTheAddressesOfPodsElsewhere() throws IOException {
    PodFacts here = pod("here", "n1");
    PodFacts elsewhere = pod("elsewhere", "n2");
    FactsFile file = facts();
    file.write(new ClusterFacts(FACTS.policies(), FACTS.namespaces(), List.of(elsewhere, here)));
    Files.setLastModifiedTime(file(), FileTime.from(now.minus(Duration.ofHours(23))));
    assertThat(file.read(now).orElseThrow().pods()).containsExactly(elsewhere, here);

    Files.setLastModifiedTime(file(), FileTime.from(now.minus(Duration.ofHours(25))));

    assertThat(file.read(now))
        .hasValue(new ClusterFacts(FACTS.policies(), FACTS.namespaces(), List.of(here)));
  }

  private static PodFacts pod(String name, String node) {
    return new PodFacts(
        new ObjectName("jail", name),
        name + "-uid",
        Map.of(),
        List.of("10.42.0.9"),
        List.of(),
        node,
        false,
        false,
        "2026-01-01T00:00:00Z");
  }

  @Test
  void doesWithoutADiskThatRefuses() {
    FactsFile file = new FactsFile(directory.resolve("no/such/directory"), "n1");

    assertThat(file.write(FACTS)).isFalse();
    assertThat(file.read(now)).isEmpty();
  }

  @Test
  void forgetsRatherThanRememberingLessThanWhatHolds() {
    FactsFile file = facts();
    file.write(ClusterFacts.NONE);
    ClusterFacts huge =
        new ClusterFacts(
            FACTS.policies(), Map.of("jail", Map.of("team", "a".repeat(3 << 20))), List.of());

    assertThat(file.write(huge)).isFalse();
    assertThat(file.read(now)).isEmpty();
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
        "{\"version\": 1, \"namespaces\": {}, \"pods\": []}",
        "{\"version\": 1, \"policies\": {}, \"pods\": []}",
        "{\"version\": 1, \"namespaces\": {}, \"pods\""
      })
  void anotherFileIsNone(String text) throws IOException {
    Files.writeString(file(), text);

    assertThat(facts().read(now)).isEmpty();
  }

  @Test
  void doesNotReadAFileThatItWouldNotWrite() throws IOException {
    Files.writeString(file(), " ".repeat(5 << 20) + "{\"version\": 1}");

    assertThat(facts().read(now)).isEmpty();
  }

  private FactsFile facts() {
    return new FactsFile(file(), "n1");
  }

  private Path file() {
    return directory.resolve("facts.json");
  }
}
