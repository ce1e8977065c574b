package org.k3sjvm.cri;

/**
 * Which container of the sandbox it is; unique within the sandbox.
 *
 * @param attempt 0 for the first start, the restart count after
 */
public record ContainerMetadata(String name, int attempt) {}
