package org.k3sjvm.cri;

import java.time.Instant;
import java.util.OptionalLong;

/**
 * Space taken on a filesystem.
 *
 * @param mountpoint a path on it
 */
public record FilesystemUsage(
    Instant at, String mountpoint, OptionalLong usedBytes, OptionalLong inodesUsed) {}
