package org.k3sjvm.serviceproxy.model;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.kube.ObjectName;

/**
 * What the rules of a node follow from.
 *
 * @param node whose endpoints are local
 * @param zone of that node; empty for none
 * @param slices by service, also of services that are not known
 */
public record ServiceFacts(
    String node,
    String zone,
    Map<ObjectName, ServiceSpec> services,
    Map<ObjectName, List<Slice>> slices) {
  public ServiceFacts {
    services = Map.copyOf(services);
    slices = Map.copyOf(slices);
  }

  /** All services that something is known of. */
  public Set<ObjectName> names() {
    Set<ObjectName> names = new HashSet<>(services.keySet());
    names.addAll(slices.keySet());
    return names;
  }

  /** Without endpoints that are pods of this node, as after it was started again. */
  public ServiceFacts withoutPodsHere(List<Cidr> podNetworks) {
    Map<ObjectName, List<Slice>> rest = new HashMap<>();
    slices.forEach(
        (name, of) ->
            rest.put(
                name,
                of.stream()
                    .map(
                        slice ->
                            new Slice(
                                slice.family(),
                                slice.ports(),
                                slice.endpoints().stream()
                                    .filter(e -> !e.local() || !isIn(podNetworks, e))
                                    .toList()))
                    .toList()));
    return new ServiceFacts(node, zone, services, rest);
  }

  private static boolean isIn(List<Cidr> networks, Slice.Endpoint endpoint) {
    InetAddress address = endpoint.address().toAddress();
    return networks.stream().anyMatch(network -> network.contains(address));
  }
}
