package org.k3sjvm.networkpolicy.model;

import java.util.List;
import java.util.Map;

/**
 * What the rules of a node follow from.
 *
 * @param namespaces labels by name
 */
public record ClusterFacts(
    List<Policy> policies, Map<String, Map<String, String>> namespaces, List<PodFacts> pods) {
  public static final ClusterFacts NONE = new ClusterFacts(List.of(), Map.of(), List.of());

  public ClusterFacts {
    policies = List.copyOf(policies);
    namespaces = Map.copyOf(namespaces);
    pods = List.copyOf(pods);
  }

  /** The same without pods of other nodes. */
  public ClusterFacts onlyPodsOf(String node) {
    return new ClusterFacts(
        policies, namespaces, pods.stream().filter(pod -> pod.node().equals(node)).toList());
  }
}
