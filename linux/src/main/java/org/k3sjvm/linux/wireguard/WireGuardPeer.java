package org.k3sjvm.linux.wireguard;

import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.base.net.Cidr;

/**
 * The other end of a tunnel.
 *
 * @param preshared mixed into every handshake; empty for none
 * @param endpoint where packets for it go; empty while nobody knows, and in a change to leave it
 * @param keepaliveSeconds between packets that only keep NAT and firewalls open; 0 for none
 * @param allowedIps what it may send from and is sent to
 */
public record WireGuardPeer(
    PublicKey key,
    Optional<SecretKey> preshared,
    Optional<InetSocketAddress> endpoint,
    int keepaliveSeconds,
    Set<Cidr> allowedIps) {
  private static final int LONGEST_KEEPALIVE = 65_535;

  public WireGuardPeer {
    allowedIps = Set.copyOf(allowedIps);
    if (keepaliveSeconds < 0 || keepaliveSeconds > LONGEST_KEEPALIVE) {
      throw new IllegalArgumentException("a keepalive of " + keepaliveSeconds + " s");
    }
    if (endpoint.filter(InetSocketAddress::isUnresolved).isPresent()) {
      throw new IllegalArgumentException("the endpoint must be an address: " + endpoint.get());
    }
  }
}
