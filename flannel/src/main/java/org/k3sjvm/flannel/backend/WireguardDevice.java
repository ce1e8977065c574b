package org.k3sjvm.flannel.backend;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.Route;
import org.k3sjvm.linux.wireguard.SecretKey;
import org.k3sjvm.linux.wireguard.WireGuard;
import org.k3sjvm.linux.wireguard.WireGuardChange;
import org.k3sjvm.linux.wireguard.WireGuardDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The interface {@code flannel-wg} or {@code flannel-wg-v6}: made, mended, and left when we stop.
 */
public final class WireguardDevice {
  private static final Logger log = LoggerFactory.getLogger(WireguardDevice.class);

  public static final String NAME = "flannel-wg";
  public static final String NAME_V6 = "flannel-wg-v6";

  private final HostNetwork network;
  private final WireGuard wireGuard;
  private final String name;
  private final int port;
  private final SecretKey key;

  /**
   * An interface.
   *
   * @param name {@link #NAME} or {@link #NAME_V6}
   * @param port UDP, to listen on
   */
  public WireguardDevice(
      HostNetwork network, WireGuard wireGuard, String name, int port, SecretKey key) {
    this.network = network;
    this.wireGuard = wireGuard;
    this.name = name;
    this.port = port;
    this.key = key;
  }

  public String name() {
    return name;
  }

  /**
   * Makes the interface what it should be; one that is as it should be is left alone, with its
   * peers and their sessions.
   *
   * @param mtuBytes of the interface
   * @param subnets pods of this node, by family that it carries
   * @param networks pods of all nodes
   * @return its index
   * @throws LinuxException when the kernel refuses
   */
  public int ensure(int mtuBytes, Map<Family, Cidr> subnets, Map<Family, Cidr> networks) {
    Link link = present(mtuBytes);
    if (link.mtuBytes() != mtuBytes) {
      network.setMtu(link.index(), mtuBytes);
    }
    WireGuardDevice found = wireGuard.device(link.index());
    if (found.listenPort() != port || !found.privateKey().equals(Optional.of(key))) {
      onPort(() -> wireGuard.change(link.index(), WireGuardChange.ofDevice(key, port)));
    }
    subnets.forEach(
        (family, subnet) ->
            DeviceAddress.ensure(network, link, subnet, networks.getOrDefault(family, subnet)));
    if (!link.up()) {
      onPort(() -> network.setUp(link.index()));
    }
    subnets
        .keySet()
        .forEach(
            family ->
                Optional.ofNullable(networks.get(family))
                    .ifPresent(all -> ensureRoute(family, all, link.index())));
    return link.index();
  }

  /** Removes those interfaces of ours that are not among the given; others' stay. */
  public static void removeAllBut(Set<String> names, HostNetwork network) {
    for (String name : Set.of(NAME, NAME_V6)) {
      if (!names.contains(name)) {
        network
            .link(name)
            .filter(link -> link.kind().equals(Link.WIREGUARD))
            .ifPresent(link -> network.deleteLink(link.index()));
      }
    }
  }

  private Link present(int mtuBytes) {
    Optional<Link> found = network.link(name);
    if (found.isPresent() && found.get().kind().equals(Link.WIREGUARD)) {
      return found.get();
    }
    if (found.isPresent()) {
      log.atWarn()
          .addKeyValue("link", name)
          .addKeyValue("found", found.get())
          .log("an interface of another make has our name, replacing it");
      network.deleteLink(found.get().index());
    }
    network.createWireGuard(name, mtuBytes);
    log.atInfo()
        .addKeyValue("link", name)
        .addKeyValue("port", port)
        .addKeyValue("mtu", mtuBytes)
        .log("WireGuard interface created");
    return network
        .link(name)
        .orElseThrow(() -> new LinuxException.NotFound("interface " + name + " went away", 0));
  }

  /** All pods' packets go in; which peer has them is WireGuard's to say. */
  private void ensureRoute(Family family, Cidr clusterNetwork, int link) {
    Route wanted = new Route(clusterNetwork, Optional.empty(), link, false);
    if (!network.routes(family.isIpv6()).contains(wanted)) {
      network.replaceRoute(wanted);
    }
  }

  private void onPort(Runnable step) {
    try {
      step.run();
    } catch (LinuxException.Failed e) {
      if (e.errno() != Errno.EADDRINUSE) {
        throw e;
      }
      throw new LinuxException.Failed(
          "interface "
              + name
              + " cannot listen: UDP port "
              + port
              + " is taken; 'ss -lunp sport = :"
              + port
              + "' and 'ip link show type wireguard' tell by whom",
          e);
    }
  }
}
