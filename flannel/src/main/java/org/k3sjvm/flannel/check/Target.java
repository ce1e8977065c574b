package org.k3sjvm.flannel.check;

import java.net.InetAddress;
import java.util.List;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.lease.Peer;

/**
 * A peer as it is said to be.
 *
 * @param peer its node is empty when the API did not tell it
 * @param ready the API says so, or does not say
 * @param nodeAddresses of its Node object
 * @param podsAddress an address of the host itself in the network of its pods: that of its tunnel's
 *     end or, without one, of its pods' bridge
 */
public record Target(
    Peer peer, boolean ready, List<InetAddress> nodeAddresses, InetAddress podsAddress) {
  public Target {
    nodeAddresses = List.copyOf(nodeAddresses);
  }

  /** With a tunnel. */
  Target(Peer peer, boolean ready, List<InetAddress> nodeAddresses) {
    this(peer, ready, nodeAddresses, peer.podCidr().address());
  }

  /** Its name, or what stands in for it. */
  String name() {
    return peer.node().isEmpty() ? "the node at " + IpAddresses.text(peer.publicIp()) : peer.node();
  }
}
