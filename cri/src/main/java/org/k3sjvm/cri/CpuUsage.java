package org.k3sjvm.cri;

import java.time.Instant;
import java.util.OptionalLong;

/**
 * Processor time.
 *
 * @param coreNanos since the container began
 * @param nanoCores right now; empty when the runtime does not say
 */
public record CpuUsage(Instant at, OptionalLong coreNanos, OptionalLong nanoCores) {}
