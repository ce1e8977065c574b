package org.k3sjvm.cri;

/**
 * A device of the host inside a container.
 *
 * @param permissions of {@code r}, {@code w} and {@code m}
 */
public record Device(String containerPath, String hostPath, String permissions) {}
