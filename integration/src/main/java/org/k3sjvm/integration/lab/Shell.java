package org.k3sjvm.integration.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs commands to their end. */
final class Shell {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private Shell() {}

  static Result run(List<String> command) throws InterruptedException {
    return run(command, String.join(" ", command), LIMIT);
  }

  /**
   * @param shown the command as messages name it
   */
  static Result run(List<String> command, String shown, Duration limit)
      throws InterruptedException {
    try {
      Path output = Files.createTempFile("lab", ".out");
      Path error = Files.createTempFile("lab", ".err");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(output.toFile())
                .redirectError(error.toFile())
                .start();
        try {
          if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new LabException(shown + " did not end within " + limit.toSeconds() + " s");
          }
        } finally {
          process.descendants().forEach(ProcessHandle::destroyForcibly);
          process.destroyForcibly();
        }
        return new Result(shown, process.exitValue(), read(output), read(error));
      } finally {
        Files.deleteIfExists(output);
        Files.deleteIfExists(error);
      }
    } catch (IOException e) {
      throw new LabException("cannot run " + shown + ": " + e.getMessage(), e);
    }
  }

  private static String read(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }
}
