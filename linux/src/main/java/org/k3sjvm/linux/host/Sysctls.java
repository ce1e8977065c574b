package org.k3sjvm.linux.host;

import java.util.Optional;

/** Kernel settings by their path below /proc/sys, such as {@code net/ipv4/ip_forward}. */
public interface Sysctls {
  /** The value without its newline; empty when this kernel has no such setting. */
  Optional<String> read(String key);

  /**
   * Writes when the value differs.
   *
   * @return whether it wrote
   * @throws org.k3sjvm.linux.LinuxException.NotFound there is no such setting
   * @throws org.k3sjvm.linux.LinuxException.Denied it may not be changed
   */
  boolean ensure(String key, String value);
}
