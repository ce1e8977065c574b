package org.k3sjvm.kubelet.node;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Labels of nodes: which there are by default, and which a node may give itself. */
final class NodeLabels {
  static final String HOSTNAME = "kubernetes.io/hostname";

  private static final Set<String> ALLOWED =
      Set.of(
          HOSTNAME,
          "kubernetes.io/arch",
          "kubernetes.io/os",
          "beta.kubernetes.io/arch",
          "beta.kubernetes.io/os",
          "beta.kubernetes.io/instance-type",
          "node.kubernetes.io/instance-type",
          "topology.kubernetes.io/zone",
          "topology.kubernetes.io/region",
          "failure-domain.beta.kubernetes.io/zone",
          "failure-domain.beta.kubernetes.io/region");
  private static final List<String> ALLOWED_DOMAINS =
      List.of("kubelet.kubernetes.io", "node.kubernetes.io");

  private NodeLabels() {}

  /** The labels that every node has. */
  static Map<String, String> defaults(String hostname, String architecture) {
    Map<String, String> labels = new TreeMap<>();
    labels.put(HOSTNAME, hostname);
    labels.put("kubernetes.io/os", "linux");
    labels.put("kubernetes.io/arch", architecture);
    labels.put("beta.kubernetes.io/os", "linux");
    labels.put("beta.kubernetes.io/arch", architecture);
    return labels;
  }

  /**
   * Refuses what the server would refuse.
   *
   * @throws IllegalArgumentException names the labels. Source: kubelet v1.36
   *     cmd/kubelet/app/options, ValidateKubeletFlags
   */
  static void check(Collection<String> names) {
    List<String> unknown = names.stream().filter(name -> !mayHave(name)).sorted().toList();
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: " + unknown);
    }
  }

  private static boolean mayHave(String name) {
    int slash = name.indexOf('/');
    String domain = slash < 0 ? "" : name.substring(0, slash);
    boolean reserved = within(domain, "kubernetes.io") || within(domain, "k8s.io");
    return !reserved
        || ALLOWED.contains(name)
        || ALLOWED_DOMAINS.stream().anyMatch(allowed -> within(domain, allowed));
  }

  private static boolean within(String domain, String parent) {
    return domain.equals(parent) || domain.endsWith("." + parent);
  }
}
