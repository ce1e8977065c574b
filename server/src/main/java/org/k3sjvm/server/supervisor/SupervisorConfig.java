package org.k3sjvm.server.supervisor;

import java.net.InetAddress;
import java.util.List;
import org.k3sjvm.base.net.Cidr;

/**
 * What the server tells its agents.
 *
 * @param port of the supervisor and the API
 * @param clusterCidrs pod networks, the primary family first
 * @param serviceCidrs service networks, the primary family first
 * @param nodePortBase first port of services of type NodePort
 * @param nodePortSize how many there are
 * @param clusterDns addresses of the cluster's name server
 * @param flannelBackend {@code vxlan}, {@code host-gw}, {@code wireguard-native} or {@code none}
 * @param egressSelectorMode {@code disabled}, {@code agent}, {@code pod} or {@code cluster}
 * @param disableCloudController whether no part of the server initializes nodes
 * @param disableNetworkPolicy whether agents enforce no network policies
 */
public record SupervisorConfig(
    int port,
    List<Cidr> clusterCidrs,
    List<Cidr> serviceCidrs,
    int nodePortBase,
    int nodePortSize,
    List<InetAddress> clusterDns,
    String clusterDomain,
    String flannelBackend,
    String egressSelectorMode,
    boolean disableCloudController,
    boolean disableNetworkPolicy,
    boolean disableKubeProxy,
    String serverNodeName,
    List<String> names) {
  public SupervisorConfig {
    clusterCidrs = List.copyOf(clusterCidrs);
    serviceCidrs = List.copyOf(serviceCidrs);
    clusterDns = List.copyOf(clusterDns);
    names = List.copyOf(names);
    if (clusterCidrs.isEmpty() || serviceCidrs.isEmpty()) {
      throw new IllegalArgumentException("the cluster needs networks for pods and services");
    }
  }
}
