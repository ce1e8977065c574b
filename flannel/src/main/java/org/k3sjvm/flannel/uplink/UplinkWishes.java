package org.k3sjvm.flannel.uplink;

import java.net.InetAddress;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.flannel.lease.Family;

/**
 * What decides about the interface that carries the pods' packets, in this order.
 *
 * @param interfaceName the user named it; empty when not
 * @param saidIps the node's addresses that the user named; empty when not
 * @param servers addresses of the server that the node joined
 * @param nodeIps the node's addresses, said or not
 */
public record UplinkWishes(
    Optional<String> interfaceName,
    List<InetAddress> saidIps,
    List<InetAddress> servers,
    List<InetAddress> nodeIps) {
  /** Whatever the default route says. */
  public static final UplinkWishes NONE =
      new UplinkWishes(Optional.empty(), List.of(), List.of(), List.of());

  public UplinkWishes {
    saidIps = List.copyOf(saidIps);
    servers = List.copyOf(servers);
    nodeIps = List.copyOf(nodeIps);
  }

  /** The same, but the interface has this name. */
  public UplinkWishes named(String name) {
    return new UplinkWishes(Optional.of(name), saidIps, servers, nodeIps);
  }

  /** Which address to take where the interface has several. */
  public Map<Family, InetAddress> preferred() {
    Map<Family, InetAddress> preferred = new EnumMap<>(Family.class);
    saidIps.forEach(ip -> preferred.putIfAbsent(Family.of(ip), ip));
    return preferred;
  }
}
