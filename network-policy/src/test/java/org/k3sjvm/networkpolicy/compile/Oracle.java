package org.k3sjvm.networkpolicy.compile;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.networkpolicy.compile.Packets.Packet;
import org.k3sjvm.networkpolicy.model.Direction;
import org.k3sjvm.networkpolicy.model.PodFacts;
import org.k3sjvm.networkpolicy.model.Policy;
import org.k3sjvm.networkpolicy.model.Policy.BlockPeer;
import org.k3sjvm.networkpolicy.model.Policy.NumberedPorts;
import org.k3sjvm.networkpolicy.model.Policy.Peer;
import org.k3sjvm.networkpolicy.model.Policy.PodPeer;
import org.k3sjvm.networkpolicy.model.Policy.Port;
import org.k3sjvm.networkpolicy.model.Policy.PortByName;
import org.k3sjvm.networkpolicy.model.Policy.Rule;

/**
 * The API's words, one connection at a time, without sets or chains.
 *
 * @param pods by address
 * @param namespaces labels by name
 * @param node the one that restricts
 */
record Oracle(
    Map<String, PodFacts> pods,
    Map<String, Map<String, String>> namespaces,
    Collection<Policy> policies,
    String node) {

  boolean lets(Packet packet) {
    return (packet.source().equals(packet.target()) && local(packet.source()))
        || (lets(Direction.EGRESS, packet.source(), packet.target(), packet)
            && lets(Direction.INGRESS, packet.target(), packet.source(), packet));
  }

  private boolean local(String address) {
    PodFacts pod = pods.get(address);
    return pod != null && pod.node().equals(node);
  }

  private boolean lets(Direction direction, String selected, String other, Packet packet) {
    PodFacts pod = pods.get(selected);
    if (pod == null || !local(selected)) {
      return true;
    }
    List<Policy> isolating =
        policies.stream()
            .filter(p -> p.name().namespace().equals(pod.name().namespace()))
            .filter(p -> p.rules(direction).isPresent())
            .filter(p -> p.pods().matches(pod.labels()))
            .toList();
    return isolating.isEmpty()
        || isolating.stream()
            .anyMatch(
                p ->
                    p.rules(direction).orElseThrow().stream()
                        .anyMatch(r -> lets(p, r, other, packet)));
  }

  private boolean lets(Policy policy, Rule rule, String other, Packet packet) {
    boolean peer =
        rule.peers().isEmpty() || rule.peers().stream().anyMatch(p -> is(policy, p, other));
    boolean port = rule.ports().isEmpty() || rule.ports().stream().anyMatch(p -> is(p, packet));
    return peer && port;
  }

  private boolean is(Policy policy, Peer peer, String address) {
    return switch (peer) {
      case BlockPeer(var block) -> block.contains(IpAddresses.parse(address));
      case PodPeer(var spaces, var selector) -> {
        PodFacts pod = pods.get(address);
        if (pod == null || !selector.matches(pod.labels())) {
          yield false;
        }
        String namespace = pod.name().namespace();
        yield spaces.isEmpty()
            ? namespace.equals(policy.name().namespace())
            : Optional.ofNullable(namespaces.get(namespace))
                .filter(labels -> spaces.get().matches(labels))
                .isPresent();
      }
    };
  }

  /** A name is what the pod that is connected to calls it. */
  private boolean is(Port port, Packet packet) {
    return switch (port) {
      case NumberedPorts(var protocol, var from, var to) ->
          protocol.toString().equals(packet.protocol())
              && packet.port() >= from
              && packet.port() <= to;
      case PortByName(var protocol, var name) -> {
        PodFacts target = pods.get(packet.target());
        yield target != null
            && target.ports().stream()
                .anyMatch(
                    p ->
                        p.name().equals(name)
                            && p.protocol() == protocol
                            && p.protocol().toString().equals(packet.protocol())
                            && p.number() == packet.port());
      }
    };
  }
}
