package org.k3sjvm.serviceproxy.choose;

/**
 * Where this node is.
 *
 * @param zone its label {@code topology.kubernetes.io/zone}; empty for none
 */
public record Topology(String node, String zone) {}
