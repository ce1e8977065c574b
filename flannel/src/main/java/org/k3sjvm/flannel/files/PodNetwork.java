package org.k3sjvm.flannel.files;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.lease.Family;

/**
 * What the files speak of.
 *
 * @param networks pods of all nodes, by enabled family
 * @param subnets pods of this node, by enabled family
 * @param mtuBytes of pods' interfaces
 */
public record PodNetwork(Map<Family, Cidr> networks, Map<Family, Cidr> subnets, int mtuBytes) {
  public PodNetwork {
    if (networks.isEmpty() || !networks.keySet().equals(subnets.keySet()) || mtuBytes <= 0) {
      throw new IllegalArgumentException(
          "a pod network needs a network and a subnet in each family, not "
              + networks
              + " and "
              + subnets);
    }
    networks = Collections.unmodifiableMap(new EnumMap<>(networks)); // IPv4 before IPv6
    subnets = Collections.unmodifiableMap(new EnumMap<>(subnets));
  }
}
