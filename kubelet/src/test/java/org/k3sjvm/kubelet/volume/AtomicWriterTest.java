package org.k3sjvm.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicWriterTest {
  @TempDir Path volume;

  private final AtomicWriter writer =
      new AtomicWriter(InstantSource.fixed(Instant.parse("2026-02-03T04:05:06Z")), new Random(1));

  private boolean write(String... pathsAndContents) throws IOException {
    Payload.Builder files = new Payload.Builder();
    for (int i = 0; i < pathsAndContents.length; i += 2) {
      files.add(pathsAndContents[i], pathsAndContents[i + 1], 0440);
    }
    return writer.write(volume, files.build(), _ -> {});
  }

  private List<String> names() throws IOException {
    try (Stream<Path> list = Files.list(volume)) {
      return list.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void usersSeeLinksThroughDataIntoADirectoryNamedByTime() throws Exception {
    assertThat(write("key", "v", "a/b/c", "deep")).isTrue();
    assertThat(Files.readSymbolicLink(volume.resolve("key"))).hasToString("..data/key");
    assertThat(Files.readSymbolicLink(volume.resolve("a"))).hasToString("..data/a");
    String directory = Files.readSymbolicLink(volume.resolve("..data")).toString();
    assertThat(directory).startsWith("..2026_02_03_04_05_06.");
    assertThat(names())
        .containsExactlyElementsOf(new TreeSet<>(List.of(directory, "..data", "a", "key")));
    assertThat(volume.resolve("a/b/c")).hasContent("deep");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(volume.resolve("key"))))
        .isEqualTo("r--r-----");
    assertThat(
            PosixFilePermissions.toString(Files.getPosixFilePermissions(volume.resolve(directory))))
        .isEqualTo("rwxr-xr-x");
  }

  @Test
  void nothingMovesWhenNothingChanged() throws Exception {
    write("key", "v");
    Path before = Files.readSymbolicLink(volume.resolve("..data"));
    assertThat(write("key", "v")).isFalse();
    assertThat(Files.readSymbolicLink(volume.resolve("..data"))).isEqualTo(before);
  }

  @Test
  void aChangeReplacesTheDirectoryAndRemovesWhatIsNoLongerThere() throws Exception {
    write("old", "1", "both", "1");
    String before = Files.readSymbolicLink(volume.resolve("..data")).toString();
    assertThat(write("both", "2", "new", "2")).isTrue();
    assertThat(names()).doesNotContain(before, "old").contains("both", "new");
    assertThat(volume.resolve("both")).hasContent("2");
  }

  @Test
  void directoriesForMountsStay() throws Exception {
    Files.createDirectories(volume.resolve("custom/deep"));
    assertThat(write("key", "1")).isTrue();
    assertThat(write("key", "1")).isFalse();
    assertThat(write("other", "2")).isTrue();
    assertThat(volume.resolve("custom/deep")).isDirectory();
    assertThat(names()).hasSize(4).contains("custom", "other", "..data");
  }

  @Test
  void theRestOfAWriterThatDiedIsClearedAway() throws Exception {
    Files.createDirectories(volume.resolve("..2025_01_01_00_00_00.1/half"));
    Files.createSymbolicLink(volume.resolve("..data_tmp"), Path.of("..2025_01_01_00_00_00.1"));
    write("key", "v");
    assertThat(names()).hasSize(3).contains("key", "..data");
  }

  @Test
  void aFaultLeavesTheOldFilesInPlace() throws Exception {
    write("key", "v");
    Payload.Builder files = new Payload.Builder();
    files.add("key", "w", 0644);
    assertThatThrownBy(
            () ->
                writer.write(
                    volume,
                    files.build(),
                    _ -> {
                      throw new IOException("disk full");
                    }))
        .hasMessage("disk full");
    assertThat(volume.resolve("key")).hasContent("v");
    assertThat(names()).hasSize(3);
  }

  @Test
  void pathsThatLeaveTheVolumeAreRefused() {
    for (String path : List.of("/abs", "../up", "a/../../up", "..hidden")) {
      Payload.Builder files = new Payload.Builder();
      files.add(path, "x", 0644);
      assertThatThrownBy(files::build)
          .isInstanceOf(VolumeException.class)
          .hasMessageContaining(path);
    }
  }
}
