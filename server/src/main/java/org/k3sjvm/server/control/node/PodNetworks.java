package org.k3sjvm.server.control.node;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.base.net.Cidr;

/**
 * The networks of pods, cut into one subnet per node.
 *
 * @param networks one, or one per IP family
 * @param prefixLengthV4 of a node's IPv4 subnet
 * @param prefixLengthV6 of a node's IPv6 subnet
 */
public record PodNetworks(List<Cidr> networks, int prefixLengthV4, int prefixLengthV6) {
  /** Source: kube-controller-manager v1.36 --node-cidr-mask-size-ipv4, -ipv6. */
  public static final int DEFAULT_PREFIX_V4 = 24;

  public static final int DEFAULT_PREFIX_V6 = 64;

  public PodNetworks {
    networks = List.copyOf(networks);
    if (networks.isEmpty() || networks.size() > 2) {
      throw new IllegalArgumentException(
          "cluster-cidr names one network, or one per IP family, not " + networks);
    }
    for (Cidr network : networks) {
      int prefix = network.isIpv6() ? prefixLengthV6 : prefixLengthV4;
      if (prefix < network.prefixLength()) {
        throw new IllegalArgumentException(
            "cluster-cidr " + network + " is smaller than the /" + prefix + " of one node");
      }
    }
  }

  /** With the usual subnets. */
  public static PodNetworks of(List<Cidr> networks) {
    return new PodNetworks(networks, DEFAULT_PREFIX_V4, DEFAULT_PREFIX_V6);
  }

  /**
   * The first subnet of each network that nobody has.
   *
   * @return empty when a network is used up
   */
  public Optional<List<Cidr>> firstFree(Set<Cidr> taken) {
    List<Cidr> subnets = new ArrayList<>();
    for (Cidr network : networks) {
      Optional<Cidr> free = firstFree(network, taken);
      if (free.isEmpty()) {
        return Optional.empty();
      }
      subnets.add(free.get());
    }
    return Optional.of(subnets);
  }

  private Optional<Cidr> firstFree(Cidr network, Set<Cidr> taken) {
    int prefix = network.isIpv6() ? prefixLengthV6 : prefixLengthV4;
    // One more than are taken always holds a free one, so the search is short.
    long subnets = 1L << Math.min(62, prefix - network.prefixLength());
    long tries = Math.min(subnets, taken.size() + 1L);
    for (long i = 0; i < tries; i++) {
      Cidr candidate = subnet(network, prefix, i);
      if (!taken.contains(candidate)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  private static Cidr subnet(Cidr network, int prefix, long index) {
    byte[] bytes = network.address().getAddress();
    for (int bit = 0; bit < prefix - network.prefixLength() && bit < 62; bit++) {
      if ((index >> bit & 1) == 1) {
        int position = prefix - 1 - bit;
        bytes[position / 8] |= (byte) (0x80 >> position % 8);
      }
    }
    try {
      return new Cidr(InetAddress.getByAddress(bytes), prefix);
    } catch (java.net.UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }
}
