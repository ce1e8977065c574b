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
 * @param servers addresses of the server that the node joined; empty while nobody knows them
 * @param formerIps by which peers know the node; they count while {@code servers} is empty
 * @param nodeIps the node's addresses, said or not
 */
public record UplinkWishes(
    Optional<String> interfaceName,
    List<InetAddress> saidIps,
    List<InetAddress> servers,
    List<InetAddress> formerIps,
    List<InetAddress> nodeIps) {
  /** Whatever the default route says. */
  public static final UplinkWishes NONE =
      new UplinkWishes(Optional.empty(), List.of(), List.of(), List.of(), List.of());

  public UplinkWishes {
    saidIps = List.copyOf(saidIps);
    servers = List.copyOf(servers);
    formerIps = List.copyOf(formerIps);
    nodeIps = List.copyOf(nodeIps);
  }

  /** The same, but the interface has this name. */
  public UplinkWishes named(String name) {
    return new UplinkWishes(Optional.of(name), saidIps, servers, formerIps, nodeIps);
  }

  /** The same, but the server has these addresses. */
  public UplinkWishes towards(List<InetAddress> addresses) {
    return new UplinkWishes(interfaceName, saidIps, addresses, formerIps, nodeIps);
  }

  /** The same, but peers know the node by these addresses. */
  public UplinkWishes knownAs(List<InetAddress> addresses) {
    return new UplinkWishes(interfaceName, saidIps, servers, addresses, nodeIps);
  }

  /** Which address to take where the interface has several. */
  public Map<Family, InetAddress> preferred() {
    Map<Family, InetAddress> preferred = new EnumMap<>(Family.class);
    saidIps.forEach(ip -> preferred.putIfAbsent(Family.of(ip), ip));
    return preferred;
  }
}
