package org.k3sjvm.serviceproxy.model;

import java.util.List;
import org.k3sjvm.linux.filter.Packed;

/** Some endpoints of a service, of one family, with the same ports. */
public record Slice(Family family, List<Port> ports, List<Endpoint> endpoints) {
  public Slice {
    ports = List.copyOf(ports);
    endpoints = List.copyOf(endpoints);
  }

  /** A port that each endpoint has; its name is that of the service's port. */
  public record Port(String name, Protocol protocol, int port) {}

  /**
   * An endpoint.
   *
   * @param local whether it is on this node
   * @param hintedNodes nodes that it is meant for; empty when nobody said
   * @param hintedZones zones that it is meant for; empty when nobody said
   */
  public record Endpoint(
      Packed address,
      boolean ready,
      boolean serving,
      boolean terminating,
      boolean local,
      List<String> hintedNodes,
      List<String> hintedZones) {
    public Endpoint {
      hintedNodes = List.copyOf(hintedNodes);
      hintedZones = List.copyOf(hintedZones);
    }
  }
}
