package org.k3sjvm.linux.wireguard;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What is to change of an interface.
 *
 * @param privateKey empty to leave it; another one ends all sessions
 * @param listenPort likewise
 * @param replacePeers peers that are not named go
 * @param set each replaces the peer of its key, or is added
 * @param remove need not be there
 */
public record WireGuardChange(
    Optional<SecretKey> privateKey,
    OptionalInt listenPort,
    boolean replacePeers,
    List<WireGuardPeer> set,
    List<PublicKey> remove) {
  public WireGuardChange {
    set = List.copyOf(set);
    remove = List.copyOf(remove);
  }

  /** The interface's own. */
  public static WireGuardChange ofDevice(SecretKey privateKey, int listenPort) {
    return new WireGuardChange(
        Optional.of(privateKey), OptionalInt.of(listenPort), false, List.of(), List.of());
  }

  /** Some peers. */
  public static WireGuardChange ofPeers(List<WireGuardPeer> set, List<PublicKey> remove) {
    return new WireGuardChange(Optional.empty(), OptionalInt.empty(), false, set, remove);
  }
}
