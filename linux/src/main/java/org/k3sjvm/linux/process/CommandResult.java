package org.k3sjvm.linux.process;

/**
 * How a program ended.
 *
 * @param exitCode 0 to 255, 128 plus the signal for one that was killed
 * @param output the start of its standard output, at most {@link ChildProcesses#OUTPUT_LIMIT_BYTES}
 * @param error the start of its standard error, likewise
 */
public record CommandResult(int exitCode, String output, String error) {
  public boolean succeeded() {
    return exitCode == 0;
  }
}
