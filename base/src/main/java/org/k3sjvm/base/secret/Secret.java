package org.k3sjvm.base.secret;

/**
 * Text that opens a door: a token, a password, a key. Printing it prints {@code [redacted]}.
 *
 * @param reveal the text itself; call it only where it leaves the program
 */
public record Secret(String reveal) {
  @Override
  public String toString() {
    return "[redacted]";
  }
}
