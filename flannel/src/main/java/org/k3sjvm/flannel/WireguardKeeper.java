package org.k3sjvm.flannel;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.backend.WireguardDevice;
import org.k3sjvm.flannel.backend.WireguardOptions;
import org.k3sjvm.flannel.backend.WireguardOptions.Mode;
import org.k3sjvm.flannel.files.WireguardKeyFile;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.lease.FlannelAnnotations;
import org.k3sjvm.flannel.lease.NodeLease;
import org.k3sjvm.flannel.lease.WireguardEnd;
import org.k3sjvm.flannel.plan.PeerChanges;
import org.k3sjvm.flannel.plan.Tunnels;
import org.k3sjvm.flannel.uplink.Uplink;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.wireguard.PublicKey;
import org.k3sjvm.linux.wireguard.SecretKey;
import org.k3sjvm.linux.wireguard.WireGuard;
import org.k3sjvm.linux.wireguard.WireGuardChange;
import org.k3sjvm.linux.wireguard.WireGuardPeer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The interfaces of the backend {@code wireguard} and their peers. One thread only. */
final class WireguardKeeper {
  private static final Logger log = LoggerFactory.getLogger(WireguardKeeper.class);

  private final FlannelConfig config;
  private final WireguardOptions options;
  private final HostNetwork network;
  private final WireGuard wireGuard;

  /** What cannot be observed: where peers said that they are, by interface. */
  private final Map<String, Map<PublicKey, InetSocketAddress>> told = new HashMap<>();

  private Optional<SecretKey> key = Optional.empty();

  WireguardKeeper(FlannelConfig config, HostNetwork network, WireGuard wireGuard) {
    this.config = config;
    this.options = config.wireguard();
    this.network = network;
    this.wireGuard = wireGuard;
  }

  /** An interface, and the subnets whose packets it carries. */
  private record Side(WireguardDevice device, int link, Map<Family, Cidr> subnets) {}

  /** What a step has found out. */
  record Outcome(List<LinuxException> failures, List<String> doubts) {}

  /** What peers need to know of this node. */
  String announcement(Family family) throws IOException {
    return FlannelAnnotations.wireguardData(
        new WireguardEnd(key().publicKey(), options.port(family)));
  }

  /** What fits into the tunnels. */
  int mtuBytes(Uplink uplink) {
    return options.uplinkMtuBytes().orElse(uplink.link().mtuBytes())
        - WireguardOptions.OVERHEAD_BYTES;
  }

  /**
   * Makes the interfaces and their peers what they should be.
   *
   * @param nodes of the cluster; empty while nobody has told any
   * @param complete whether those are all
   */
  Outcome ensure(
      Uplink uplink,
      Map<Family, Cidr> subnets,
      Optional<Collection<NodeLease>> nodes,
      boolean complete,
      Instant now)
      throws IOException {
    List<LinuxException> failures = new ArrayList<>();
    List<String> doubts = new ArrayList<>();
    for (Side side : sides(uplink, subnets)) {
      if (nodes.isPresent()) {
        Tunnels tunnels = Tunnels.of(nodes.get(), own(side, uplink), options);
        doubts.addAll(tunnels.doubts());
        try {
          meet(side, tunnels.peers(), complete, now);
        } catch (LinuxException e) {
          failures.add(e);
        }
      }
    }
    return new Outcome(failures, doubts);
  }

  private List<Side> sides(Uplink uplink, Map<Family, Cidr> subnets) throws IOException {
    Map<String, Map<Family, Cidr>> wanted = new LinkedHashMap<>();
    subnets.forEach(
        (family, subnet) ->
            wanted
                .computeIfAbsent(nameOf(family), _ -> new EnumMap<>(Family.class))
                .put(family, subnet));
    WireguardDevice.removeAllBut(wanted.keySet(), network);
    List<Side> sides = new ArrayList<>();
    for (Map.Entry<String, Map<Family, Cidr>> entry : wanted.entrySet()) {
      Map<Family, Cidr> carried = entry.getValue();
      int port = options.port(carried.keySet().iterator().next());
      WireguardDevice device = new WireguardDevice(network, wireGuard, entry.getKey(), port, key());
      int link = device.ensure(mtuBytes(uplink), carried, config.networks());
      sides.add(new Side(device, link, carried));
    }
    return sides;
  }

  private String nameOf(Family family) {
    return options.mode() == Mode.SEPARATE && family.isIpv6()
        ? WireguardDevice.NAME_V6
        : WireguardDevice.NAME;
  }

  private Tunnels.Own own(Side side, Uplink uplink) throws IOException {
    return new Tunnels.Own(
        config.nodeName(),
        key().publicKey(),
        side.subnets(),
        config.networks(),
        uplink.addresses());
  }

  private void meet(Side side, List<WireGuardPeer> peers, boolean complete, Instant now) {
    String name = side.device().name();
    WireGuardChange all =
        PeerChanges.between(
            wireGuard.device(side.link()).peers(), peers, told.getOrDefault(name, Map.of()), now);
    WireGuardChange change = complete ? all : PeerChanges.withoutRemovals(all);
    if (!change.set().isEmpty() || !change.remove().isEmpty()) {
      wireGuard.change(side.link(), change);
      log.atInfo()
          .addKeyValue("link", name)
          .addKeyValue("peers", peers.size())
          .addKeyValue("set", change.set().size())
          .addKeyValue("removed", change.remove().size())
          .log("ways to other nodes' pods changed");
    }
    Map<PublicKey, InetSocketAddress> said = new HashMap<>();
    peers.forEach(peer -> peer.endpoint().ifPresent(at -> said.put(peer.key(), at)));
    told.put(name, said);
  }

  /** Read once: peers know us by it. */
  private SecretKey key() throws IOException {
    if (key.isEmpty()) {
      key = Optional.of(WireguardKeyFile.readOrMake(config.wireguardKeyFile(), new SecureRandom()));
    }
    return key.get();
  }
}
