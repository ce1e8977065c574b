package org.k3sjvm.serviceproxy.choose;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.model.ServiceSpec;
import org.k3sjvm.serviceproxy.model.Slice;

/**
 * The endpoints of one port of a service, each packed as address and port, in a fixed order.
 *
 * @param internal for clients inside the cluster, at the cluster IP
 * @param external for clients outside, and with the policy Local for those inside, too
 * @param local for clients outside with the external policy Local
 * @param any whether there is one anywhere, so that a client is not refused but perhaps ignored
 * @param serving all that answer; a connection to another one is stale
 * @param onThisNode those of the chosen that run here
 */
public record EndpointChoice(
    List<Packed> internal,
    List<Packed> external,
    List<Packed> local,
    boolean any,
    List<Packed> serving,
    List<Packed> onThisNode) {

  /** Chooses. Source: kube-proxy v1.36 pkg/proxy/topology.go, CategorizeEndpoints. */
  public static EndpointChoice of(
      ServiceSpec service,
      ServiceSpec.Port port,
      Family family,
      Collection<Slice> slices,
      Topology topology) {
    Map<Packed, Candidate> all = candidates(port, family, slices);
    List<Packed> cluster = cluster(all, topology);
    List<Packed> local =
        service.internalLocal() || service.externalLocal() ? local(all) : List.of();
    List<Packed> internal = service.internalLocal() ? local : cluster;
    boolean any = all.values().stream().anyMatch(c -> c.at.ready() || lastResort(c));
    List<Packed> chosenHere =
        all.values().stream()
            .filter(c -> c.at.local())
            .map(Candidate::packed)
            .filter(p -> cluster.contains(p) || local.contains(p))
            .toList();
    return new EndpointChoice(
        internal,
        cluster,
        service.externalLocal() ? local : List.of(),
        any,
        all.values().stream().filter(c -> c.at.serving()).map(Candidate::packed).toList(),
        chosenHere);
  }

  private record Candidate(Packed packed, Slice.Endpoint at) {}

  /** By address and port; of two that are alike the one on this node. */
  private static Map<Packed, Candidate> candidates(
      ServiceSpec.Port port, Family family, Collection<Slice> slices) {
    Map<Packed, Candidate> all = new TreeMap<>();
    for (Slice slice : slices) {
      if (slice.family() != family) {
        continue;
      }
      for (Slice.Port target : slice.ports()) {
        if (!target.name().equals(port.name()) || target.protocol() != port.protocol()) {
          continue;
        }
        for (Slice.Endpoint endpoint : slice.endpoints()) {
          Packed packed = Packed.of().parts(endpoint.address()).port(target.port()).build();
          all.merge(
              packed,
              new Candidate(packed, endpoint),
              (a, b) -> b.at.local() && !a.at.local() ? b : a);
        }
      }
    }
    return all;
  }

  private static List<Packed> cluster(Map<Packed, Candidate> all, Topology topology) {
    List<Candidate> ready = all.values().stream().filter(c -> c.at.ready()).toList();
    if (ready.isEmpty()) {
      return packed(all.values().stream().filter(EndpointChoice::lastResort).toList());
    }
    return packed(near(ready, topology));
  }

  /** By hints, but only when each endpoint has one and somebody would be left. */
  private static List<Candidate> near(List<Candidate> ready, Topology topology) {
    if (ready.stream().noneMatch(c -> c.at.hintedNodes().isEmpty())) {
      List<Candidate> sameNode =
          ready.stream().filter(c -> c.at.hintedNodes().contains(topology.node())).toList();
      if (!sameNode.isEmpty()) {
        return sameNode;
      }
    }
    if (!topology.zone().isEmpty() && ready.stream().noneMatch(c -> c.at.hintedZones().isEmpty())) {
      List<Candidate> sameZone =
          ready.stream().filter(c -> c.at.hintedZones().contains(topology.zone())).toList();
      if (!sameZone.isEmpty()) {
        return sameZone;
      }
    }
    return ready;
  }

  private static List<Packed> local(Map<Packed, Candidate> all) {
    List<Candidate> here = all.values().stream().filter(c -> c.at.local()).toList();
    List<Candidate> ready = here.stream().filter(c -> c.at.ready()).toList();
    return packed(
        ready.isEmpty() ? here.stream().filter(EndpointChoice::lastResort).toList() : ready);
  }

  private static boolean lastResort(Candidate candidate) {
    return candidate.at.serving() && candidate.at.terminating();
  }

  private static List<Packed> packed(List<Candidate> candidates) {
    List<Packed> packed = new ArrayList<>(candidates.size());
    candidates.forEach(c -> packed.add(c.packed));
    return List.copyOf(packed);
  }
}
