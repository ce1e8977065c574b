package org.k3sjvm.networkpolicy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.networkpolicy.model.ClusterFacts;
import org.k3sjvm.networkpolicy.model.PodFacts;
import org.k3sjvm.networkpolicy.model.Policy;

/**
 * What is only remembered: whatever of it the API has not shown when it has shown everything is
 * gone. Each kind has a thread of its own, and all is added before these start.
 */
final class Unconfirmed {
  private final Set<ObjectName> policies = new HashSet<>();
  private final Set<ObjectName> pods = new HashSet<>();
  private final Set<String> namespaces = new HashSet<>();

  void add(ClusterFacts remembered) {
    remembered.policies().stream().map(Policy::name).forEach(policies::add);
    remembered.pods().stream().map(PodFacts::name).forEach(pods::add);
    namespaces.addAll(remembered.namespaces().keySet());
  }

  void confirmPolicy(ObjectName name) {
    policies.remove(name);
  }

  void confirmPod(ObjectName name) {
    pods.remove(name);
  }

  void confirmNamespace(String name) {
    namespaces.remove(name);
  }

  /** To be asked when all were shown; once. */
  List<ObjectName> policiesGone() {
    return taken(policies);
  }

  /** To be asked when all were shown; once. */
  List<ObjectName> podsGone() {
    return taken(pods);
  }

  /** To be asked when all were shown; once. */
  List<String> namespacesGone() {
    return taken(namespaces);
  }

  private static <T> List<T> taken(Set<T> left) {
    List<T> all = List.copyOf(left);
    left.clear();
    return all;
  }
}
