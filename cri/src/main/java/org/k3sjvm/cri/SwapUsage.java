package org.k3sjvm.cri;

import java.time.Instant;
import java.util.OptionalLong;

/** Swap; parts are empty when the runtime does not say. */
public record SwapUsage(Instant at, OptionalLong availableBytes, OptionalLong usageBytes) {}
