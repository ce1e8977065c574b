package org.k3sjvm.linux.mount;

/**
 * Size and use of a file system, in bytes and inodes.
 *
 * @param availableBytes what an ordinary user may still write; less than what is free
 */
public record FileSystemUsage(
    long capacityBytes, long availableBytes, long usedBytes, long inodes, long inodesFree) {
  public long inodesUsed() {
    return inodes - inodesFree;
  }
}
