package org.k3sjvm.cri;

/**
 * Which streams a client wants of a process.
 *
 * @param tty one terminal in place of separate streams; then {@code stderr} is false
 */
public record StdStreams(boolean stdin, boolean stdout, boolean stderr, boolean tty) {
  public StdStreams {
    if (tty && stderr) {
      throw new IllegalArgumentException("a terminal has no separate stderr");
    }
    if (!stdin && !stdout && !stderr) {
      throw new IllegalArgumentException("at least one of stdin, stdout and stderr is needed");
    }
  }
}
