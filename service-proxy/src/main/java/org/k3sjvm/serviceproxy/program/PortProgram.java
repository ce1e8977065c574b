package org.k3sjvm.serviceproxy.program;

import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.serviceproxy.model.Protocol;

/**
 * What is wanted for one port of a service, in one family.
 *
 * @param nodePort 0 for none
 * @param externals external IPs and load balancers' addresses
 * @param guarded those of the externals that only some sources may use
 * @param sources who these are
 * @param internal where clients of the cluster IP go
 * @param external where clients of the other addresses go, those outside only with policy Cluster
 * @param local where clients outside go with the external policy Local
 * @param externalLocal whether that is the policy
 * @param any whether there is an endpoint anywhere: without, clients are refused
 * @param serving of a UDP port: connections to others are stale
 * @param onThisNode addresses of chosen endpoints that run here
 */
public record PortProgram(
    Protocol protocol,
    int port,
    int nodePort,
    Packed clusterIp,
    List<Packed> externals,
    List<Packed> guarded,
    List<Cidr> sources,
    Slots internal,
    Slots external,
    Slots local,
    boolean externalLocal,
    boolean any,
    Slots serving,
    List<Packed> onThisNode,
    Optional<Affinity> affinity) {

  /**
   * Clients stay with their endpoint.
   *
   * @param id for names of chains and sets, the same while the service port lives
   * @param seconds since the client's last connection
   */
  public record Affinity(String id, int seconds) {}

  public PortProgram {
    externals = List.copyOf(externals);
    guarded = List.copyOf(guarded);
    sources = List.copyOf(sources);
    onThisNode = List.copyOf(onThisNode);
  }

  /** The key of an address and this port. */
  Packed key(Packed address) {
    return Packed.of().parts(address).protocol(protocol.number()).port(port).build();
  }

  /** The key of the node port. */
  Packed nodePortKey() {
    return Packed.of().protocol(protocol.number()).port(nodePort).build();
  }
}
