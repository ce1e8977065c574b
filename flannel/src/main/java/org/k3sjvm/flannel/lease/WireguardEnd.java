package org.k3sjvm.flannel.lease;

import org.k3sjvm.linux.wireguard.PublicKey;

/**
 * What a node says of its end of the tunnels.
 *
 * @param port UDP; 0 from nodes that say none
 */
public record WireguardEnd(PublicKey key, int port) {}
