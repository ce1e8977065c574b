package org.k3sjvm.containerd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RotatingLogTest {
  @TempDir Path directory;

  @Test
  void keepsTheNewestLinesWithinBounds() throws IOException {
    Path file = directory.resolve("c.log");
    try (RotatingLog log = new RotatingLog(file, 10, 2)) {
      for (int i = 0; i < 9; i++) {
        byte[] line = ("line" + i).getBytes(StandardCharsets.UTF_8);
        log.write(line, line.length);
      }
    }

    assertThat(file).hasContent("line8");
    assertThat(directory.resolve("c.log.1")).hasContent("line6line7");
    assertThat(directory.resolve("c.log.2")).hasContent("line4line5");
    assertThat(directory.resolve("c.log.3")).doesNotExist();
  }

  @Test
  void continuesAFileThatIsThere() throws IOException {
    Path file = Files.writeString(directory.resolve("c.log"), "old ");
    try (RotatingLog log = new RotatingLog(file, 100, 1)) {
      log.write("new".getBytes(StandardCharsets.UTF_8), 3);
    }

    assertThat(file).hasContent("old new");
  }

  @Test
  void losesLinesRatherThanFailing() {
    try (RotatingLog log = new RotatingLog(directory.resolve("missing/c.log"), 10, 1)) {
      log.write(new byte[] {1}, 1);
    }
    assertThat(directory).isEmptyDirectory();
  }
}
