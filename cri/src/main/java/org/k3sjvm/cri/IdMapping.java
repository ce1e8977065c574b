package org.k3sjvm.cri;

/** A range of user or group ids of the host, seen inside as another range; {@code length} ids. */
public record IdMapping(long hostId, long containerId, long length) {}
