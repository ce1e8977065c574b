package org.k3sjvm.cri;

import java.time.Instant;
import java.util.OptionalLong;

/** Memory; parts are empty when the runtime does not say. */
public record MemoryUsage(
    Instant at,
    OptionalLong workingSetBytes,
    OptionalLong availableBytes,
    OptionalLong usageBytes,
    OptionalLong rssBytes,
    OptionalLong pageFaults,
    OptionalLong majorPageFaults) {}
