package org.k3sjvm.linux.process;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A program to run.
 *
 * @param argv the program, found on the PATH unless it has a slash, and its arguments
 * @param environment added to the agent's own
 * @param input what it reads from standard input
 * @param limit when it is killed
 */
public record Command(
    List<String> argv, Map<String, String> environment, String input, Duration limit) {
  public static final Duration DEFAULT_LIMIT = Duration.ofSeconds(30);

  public Command {
    argv = List.copyOf(argv);
    environment = Map.copyOf(environment);
    if (argv.isEmpty() || !limit.isPositive()) {
      throw new IllegalArgumentException("a command needs a program and a positive limit");
    }
  }

  public static Command of(String... argv) {
    return new Command(List.of(argv), Map.of(), "", DEFAULT_LIMIT);
  }

  public Command withInput(String text) {
    return new Command(argv, environment, text, limit);
  }

  public Command within(Duration time) {
    return new Command(argv, environment, input, time);
  }

  public Command withEnvironment(Map<String, String> variables) {
    return new Command(argv, variables, input, limit);
  }

  byte[] inputBytes() {
    return input.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public String toString() {
    return String.join(" ", argv);
  }
}
