package org.k3sjvm.integration.lab;

/** How a command ended and what it said. */
public record Result(String command, int exitCode, String output, String error) {
  /** Whether it ended with 0. */
  public boolean succeeded() {
    return exitCode == 0;
  }

  /**
   * Its output without the last line break.
   *
   * @throws LabException when it failed; the message holds all that it said
   */
  public String text() {
    if (!succeeded()) {
      throw new LabException(
          command + " ended with " + exitCode + ": " + error.strip() + output.strip());
    }
    return output.stripTrailing();
  }
}
