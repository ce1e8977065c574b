package org.k3sjvm.cli;

/**
 * Runs at build time what an agent runs when it starts, so that the AOT cache holds those classes
 * loaded and linked. Touches nothing but memory, loopback and a temporary directory.
 */
final class WarmUp {
  private WarmUp() {}

  static void run() {}
}
