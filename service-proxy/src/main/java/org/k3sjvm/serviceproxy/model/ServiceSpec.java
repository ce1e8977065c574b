package org.k3sjvm.serviceproxy.model;

import java.util.List;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.linux.filter.Packed;

/**
 * What the proxy needs to know of a Service.
 *
 * @param clusterIps at most one of each family
 * @param externalIps of both families
 * @param loadBalancerIps of both families, those that this node is to answer for
 * @param sourceRanges who may use the load balancer's addresses; empty for all
 * @param healthCheckPort where load balancers ask for local endpoints, 0 for nowhere
 * @param affinitySeconds how long a client stays with its endpoint; 0 for no affinity
 * @param internalLocal whether clients inside the cluster get endpoints of their node alone
 * @param externalLocal whether clients outside get endpoints of the node they reach alone
 */
public record ServiceSpec(
    List<Port> ports,
    List<Packed> clusterIps,
    List<Packed> externalIps,
    List<Packed> loadBalancerIps,
    List<Cidr> sourceRanges,
    int healthCheckPort,
    int affinitySeconds,
    boolean internalLocal,
    boolean externalLocal) {
  public ServiceSpec {
    ports = List.copyOf(ports);
    clusterIps = List.copyOf(clusterIps);
    externalIps = List.copyOf(externalIps);
    loadBalancerIps = List.copyOf(loadBalancerIps);
    sourceRanges = List.copyOf(sourceRanges);
  }

  /**
   * A port of a Service.
   *
   * @param name empty when it has the only one
   * @param nodePort 0 for none
   */
  public record Port(String name, Protocol protocol, int port, int nodePort) {}

  /** Those of a family. */
  public static List<Packed> of(Family family, List<Packed> addresses) {
    return addresses.stream().filter(a -> a.length() == family.addressBytes()).toList();
  }
}
