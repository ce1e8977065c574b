package org.k3sjvm.linux.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.wireguard.PublicKey;
import org.k3sjvm.linux.wireguard.SecretKey;
import org.k3sjvm.linux.wireguard.WireGuard;
import org.k3sjvm.linux.wireguard.WireGuardChange;
import org.k3sjvm.linux.wireguard.WireGuardDevice;
import org.k3sjvm.linux.wireguard.WireGuardDevice.PeerState;
import org.k3sjvm.linux.wireguard.WireGuardPeer;

/** WireGuard of a {@link FakeNetwork}: a network belongs to one peer, and peers may roam. */
public final class FakeWireGuard implements WireGuard {
  private final FakeNetwork network;
  private final Object lock = new Object();

  @GuardedBy("lock")
  private final Map<Integer, Device> devices = new LinkedHashMap<>();

  @GuardedBy("lock")
  private int changes;

  public FakeWireGuard(FakeNetwork network) {
    this.network = network;
  }

  private static final class Device {
    Optional<SecretKey> privateKey = Optional.empty();
    int listenPort;
    final Map<PublicKey, PeerState> peers = new LinkedHashMap<>();
  }

  /** How many changes there were. */
  public int changes() {
    synchronized (lock) {
      return changes;
    }
  }

  /** A packet of a peer came in, perhaps from another address than it was expected from. */
  public void heardFrom(int link, PublicKey key, InetSocketAddress from, Instant now) {
    synchronized (lock) {
      existing(link)
          .peers
          .computeIfPresent(
              key,
              (_, state) -> {
                WireGuardPeer old = state.settings();
                return new PeerState(
                    new WireGuardPeer(
                        key,
                        old.preshared(),
                        Optional.of(from),
                        old.keepaliveSeconds(),
                        old.allowedIps()),
                    Optional.of(now),
                    state.receivedBytes() + 1,
                    state.sentBytes());
              });
    }
  }

  @Override
  public WireGuardDevice device(int link) {
    synchronized (lock) {
      Device device = existing(link);
      return new WireGuardDevice(
          device.privateKey, device.listenPort, List.copyOf(device.peers.values()));
    }
  }

  @Override
  public void change(int link, WireGuardChange change) {
    synchronized (lock) {
      Device device = existing(link);
      changes++;
      change.privateKey().ifPresent(key -> device.privateKey = Optional.of(key));
      change.listenPort().ifPresent(port -> device.listenPort = port);
      if (change.replacePeers()) {
        device.peers.clear();
      }
      change.set().forEach(peer -> set(device, peer));
      change.remove().forEach(device.peers::remove);
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      changes = 0;
    }
  }

  @GuardedBy("lock")
  private Device existing(int link) {
    if (network.link(link).filter(one -> one.kind().equals(Link.WIREGUARD)).isEmpty()) {
      throw LinuxException.of("look at WireGuard link #" + link, Errno.ENODEV);
    }
    return devices.computeIfAbsent(link, _ -> new Device());
  }

  private static void set(Device device, WireGuardPeer peer) {
    if (device.privateKey.map(SecretKey::publicKey).filter(peer.key()::equals).isPresent()) {
      return; // the kernel passes over its own key
    }
    device.peers.replaceAll((_, other) -> without(other, peer.allowedIps()));
    Optional<PeerState> old = Optional.ofNullable(device.peers.get(peer.key()));
    device.peers.put(
        peer.key(),
        new PeerState(
            new WireGuardPeer(
                peer.key(),
                peer.preshared(),
                peer.endpoint().or(() -> old.flatMap(one -> one.settings().endpoint())),
                peer.keepaliveSeconds(),
                peer.allowedIps()),
            old.flatMap(PeerState::lastHandshake),
            old.map(PeerState::receivedBytes).orElse(0L),
            old.map(PeerState::sentBytes).orElse(0L)));
  }

  private static PeerState without(PeerState state, Set<Cidr> taken) {
    WireGuardPeer peer = state.settings();
    Set<Cidr> left = new LinkedHashSet<>(peer.allowedIps());
    left.removeAll(taken);
    return new PeerState(
        new WireGuardPeer(
            peer.key(), peer.preshared(), peer.endpoint(), peer.keepaliveSeconds(), left),
        state.lastHandshake(),
        state.receivedBytes(),
        state.sentBytes());
  }
}
