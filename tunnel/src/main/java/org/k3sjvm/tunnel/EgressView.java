package org.k3sjvm.tunnel;

import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import org.k3sjvm.base.net.Cidr;

/**
 * What the authorizer knows of the cluster, at one moment.
 *
 * @param podIps of pods bound to this node that have a network of their own
 * @param nodeIps this node's in mode {@code pod}, every node's in mode {@code cluster}
 * @param hostPorts TCP container ports of this node's pods that share its network
 * @param clusterCidrs where pods of any node live
 */
public record EgressView(
    Set<InetAddress> podIps,
    Set<InetAddress> nodeIps,
    Set<Integer> hostPorts,
    List<Cidr> clusterCidrs) {
  /** Nothing known: only the kubelet and the streaming port can be reached. */
  public static final EgressView EMPTY = new EgressView(Set.of(), Set.of(), Set.of(), List.of());

  public EgressView {
    podIps = Set.copyOf(podIps);
    nodeIps = Set.copyOf(nodeIps);
    hostPorts = Set.copyOf(hostPorts);
    clusterCidrs = List.copyOf(clusterCidrs);
  }
}
