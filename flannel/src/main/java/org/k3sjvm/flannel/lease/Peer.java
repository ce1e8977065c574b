package org.k3sjvm.flannel.lease;

import java.net.InetAddress;
import java.util.Optional;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.linux.net.MacAddress;

/**
 * One family of another node, reachable.
 *
 * @param podCidr the network of its pods
 * @param publicIp where packets for them go
 * @param mac of its VXLAN device; empty with other backends
 */
public record Peer(String node, Cidr podCidr, InetAddress publicIp, Optional<MacAddress> mac) {}
