package org.k3sjvm.integration.lab;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * The process that keeps namespaces alive. It ends when its standard input does, so also when the
 * test is killed, and everything in its process namespace ends with it.
 */
final class Holder implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private final Process process;
  private final ProcessHandle first;

  private Holder(Process process, ProcessHandle first) {
    this.process = process;
    this.first = first;
  }

  /** Starts a script of ours that says {@code ready} when the namespaces are set up. */
  static Holder start(String script, Path log, List<String> arguments) throws InterruptedException {
    List<String> command = new ArrayList<>(List.of("sh", "-c", resource(script), "sh"));
    command.addAll(arguments);
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      BufferedReader said = process.inputReader();
      if (!"ready".equals(said.readLine())) {
        process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS);
        throw new LabException(
            "cannot make a host; is this root? " + Files.readString(log).strip());
      }
      ProcessHandle first = process.toHandle().children().findFirst().orElse(process.toHandle());
      return new Holder(process, first);
    } catch (IOException e) {
      throw new LabException("cannot make a host: " + e.getMessage(), e);
    }
  }

  /** The process whose namespaces are the host's, as seen from outside. */
  long pid() {
    return first.pid();
  }

  @Override
  public void close() {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      first.destroyForcibly();
    }
    if (!endsWithin(LIMIT)) {
      first.destroyForcibly();
      process.destroyForcibly();
      endsWithin(LIMIT);
    }
  }

  private boolean endsWithin(Duration time) {
    process.onExit().completeOnTimeout(process, time.toSeconds(), TimeUnit.SECONDS).join();
    return !process.isAlive();
  }

  static String resource(String name) {
    try (InputStream in = Objects.requireNonNull(Holder.class.getResourceAsStream(name), name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new LabException("cannot read " + name, e);
    }
  }
}
