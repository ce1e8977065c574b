package org.k3sjvm.networkpolicy.model;

import java.util.List;
import java.util.Optional;
import org.k3sjvm.kube.ObjectName;

/**
 * A NetworkPolicy.
 *
 * @param pods which pods of its namespace it is about
 * @param ingress what may reach them; empty when it says nothing of this direction, without rules
 *     when nothing may
 * @param egress what they may reach, likewise
 */
public record Policy(
    ObjectName name, Selector pods, Optional<List<Rule>> ingress, Optional<List<Rule>> egress) {
  public Policy {
    ingress = ingress.map(List::copyOf);
    egress = egress.map(List::copyOf);
  }

  /** The rules of one direction. */
  public Optional<List<Rule>> rules(Direction direction) {
    return switch (direction) {
      case INGRESS -> ingress;
      case EGRESS -> egress;
    };
  }

  /**
   * One thing that is let through: a peer and a port of it must both match.
   *
   * @param peers one of them; none means anybody
   * @param ports one of them; none means every port of every protocol, and what has no ports
   */
  public record Rule(List<Peer> peers, List<Port> ports) {
    public Rule {
      peers = List.copyOf(peers);
      ports = List.copyOf(ports);
    }
  }

  /** The other side of a connection. */
  public sealed interface Peer {}

  /**
   * Pods.
   *
   * @param namespaces empty for the policy's own
   */
  public record PodPeer(Optional<Selector> namespaces, Selector pods) implements Peer {}

  /** Addresses. */
  public record BlockPeer(AddressRanges addresses) implements Peer {}

  /** A port of the side that is connected to. */
  public sealed interface Port {}

  /** From one number to another, both included. */
  public record NumberedPorts(Protocol protocol, int from, int to) implements Port {}

  /** The port that the pod gave this name. */
  public record PortByName(Protocol protocol, String name) implements Port {}
}
