package org.k3sjvm.linux.mount;

import java.util.OptionalLong;

/**
 * How a tmpfs is made.
 *
 * @param sizeBytes most it may hold; empty for the kernel's default, half of the memory
 * @param mode permissions of its root, such as 0777
 * @param noSwap keep it in memory; tried, and left out where the kernel does not know it (6.4)
 */
public record TmpfsOptions(OptionalLong sizeBytes, int mode, boolean noSwap) {
  public TmpfsOptions {
    if (mode < 0 || mode > 07777 || (sizeBytes.isPresent() && sizeBytes.getAsLong() <= 0)) {
      throw new IllegalArgumentException("tmpfs: mode " + mode + ", size " + sizeBytes);
    }
  }
}
