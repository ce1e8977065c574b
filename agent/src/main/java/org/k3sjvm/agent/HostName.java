package org.k3sjvm.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The host's name as the kernel has it; no name server is asked. */
final class HostName {
  private HostName() {}

  /**
   * Reads it.
   *
   * @throws AgentException when the kernel does not tell
   */
  static String read() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException e) {
      throw new AgentException("cannot read the host's name: name the node with --node-name", e);
    }
  }
}
