package org.k3sjvm.flannel.lease;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.k3sjvm.base.net.Cidr;

/**
 * What matters of a Node object.
 *
 * @param node its name
 * @param created RFC 3339, so that text order is time order
 * @param podCidrs the network of its pods, by family; empty until a controller gave it one
 * @param annotations those of flannel only
 * @param networkUnavailable a condition of that name stands at True
 * @param ready likewise
 */
public record NodeLease(
    String node,
    String created,
    Map<Family, Cidr> podCidrs,
    Map<String, String> annotations,
    boolean networkUnavailable,
    boolean ready) {
  private static final int MOST_CIDRS = 2;

  public NodeLease {
    podCidrs = Map.copyOf(podCidrs);
    annotations = Map.copyOf(annotations);
  }

  /**
   * Reads a Node.
   *
   * @throws IllegalArgumentException when its pod networks are no networks, or too many
   */
  public static NodeLease of(Node node) {
    Map<String, String> annotations = new TreeMap<>();
    Map<String, String> all = node.getMetadata().getAnnotations();
    if (all != null) {
      all.forEach(
          (key, value) -> {
            if (key.startsWith(FlannelAnnotations.PREFIX)) {
              annotations.put(key, value);
            }
          });
    }
    String created = node.getMetadata().getCreationTimestamp();
    return new NodeLease(
        node.getMetadata().getName(),
        created == null ? "" : created,
        podCidrs(node),
        annotations,
        isTrue(node, "NetworkUnavailable"),
        isTrue(node, "Ready"));
  }

  private static Map<Family, Cidr> podCidrs(Node node) {
    Map<Family, Cidr> byFamily = new EnumMap<>(Family.class);
    if (node.getSpec() == null) {
      return byFamily;
    }
    List<String> cidrs = node.getSpec().getPodCIDRs();
    String first = node.getSpec().getPodCIDR();
    if (cidrs == null || cidrs.isEmpty()) {
      cidrs = first == null || first.isEmpty() ? List.of() : List.of(first);
    }
    if (cidrs.size() > MOST_CIDRS) {
      throw new IllegalArgumentException(
          "node " + node.getMetadata().getName() + " has more than two pod CIDRs: " + cidrs);
    }
    for (String text : cidrs) {
      Cidr cidr = Cidr.parse(text);
      byFamily.putIfAbsent(Family.of(cidr), cidr);
    }
    return byFamily;
  }

  private static boolean isTrue(Node node, String type) {
    if (node.getStatus() == null || node.getStatus().getConditions() == null) {
      return false;
    }
    for (NodeCondition condition : node.getStatus().getConditions()) {
      if (type.equals(condition.getType()) && "True".equals(condition.getStatus())) {
        return true;
      }
    }
    return false;
  }
}
