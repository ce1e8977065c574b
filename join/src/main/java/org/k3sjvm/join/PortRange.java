package org.k3sjvm.join;

/**
 * Ports from {@code base} on.
 *
 * @param size how many; 0 for none
 */
public record PortRange(int base, int size) {
  /** The last port of the range; below {@code base} when it is empty. */
  public int last() {
    return base + size - 1;
  }
}
