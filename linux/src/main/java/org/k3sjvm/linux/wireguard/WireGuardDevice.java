package org.k3sjvm.linux.wireguard;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What an interface is set to.
 *
 * @param privateKey empty until one was given
 * @param listenPort UDP, of both families; 0 while it is off and none was given
 */
public record WireGuardDevice(
    Optional<SecretKey> privateKey, int listenPort, List<PeerState> peers) {
  public WireGuardDevice {
    peers = List.copyOf(peers);
  }

  /**
   * A peer, and what was seen of it.
   *
   * @param settings with the endpoint from which it sent last
   * @param lastHandshake by the host's clock; empty for none
   * @param receivedBytes from it
   * @param sentBytes to it
   */
  public record PeerState(
      WireGuardPeer settings,
      Optional<Instant> lastHandshake,
      long receivedBytes,
      long sentBytes) {}
}
