package org.k3sjvm.networkpolicy.compile;

import java.util.HashMap;
import java.util.Map;
import org.k3sjvm.networkpolicy.model.Direction;
import org.k3sjvm.networkpolicy.model.Policy;

/** A policy and its chains, which are made when a pod of this node first needs them. */
final class PolicyEntry {
  private record Which(Direction direction, boolean ipv6) {}

  final Policy policy;
  private final Map<Which, PolicyChain> chains = new HashMap<>();

  PolicyEntry(Policy policy) {
    this.policy = policy;
  }

  PolicyChain chain(Direction direction, boolean ipv6) {
    return chains.computeIfAbsent(
        new Which(direction, ipv6),
        w -> PolicyChain.of(policy, w.direction(), Family.of(w.ipv6())));
  }
}
