package org.k3sjvm.kubelet.server;

import java.util.List;

/**
 * What a request means to the authorizer: a verb on a subresource of this node. Source: kubelet
 * v1.36.3 pkg/kubelet/server/auth.go, GetRequestAttributes.
 *
 * @param verb empty for a method that no rule can name
 */
record NodeAttributes(String verb, String subresource) {
  /**
   * The attributes of a request; any one that is allowed lets it pass.
   *
   * @param segments the decoded path between its slashes, so that {@code /statsfoo} is not {@code
   *     /stats}
   */
  static List<NodeAttributes> of(String method, List<String> segments) {
    String verb =
        switch (method) {
          case "GET" -> "get";
          case "POST" -> "create";
          case "PUT" -> "update";
          case "PATCH" -> "patch";
          case "DELETE" -> "delete";
          default -> "";
        };
    String first = segments.isEmpty() ? "" : segments.getFirst();
    return switch (first) {
      case "stats" -> List.of(new NodeAttributes(verb, "stats"));
      case "metrics" -> List.of(new NodeAttributes(verb, "metrics"));
      case "logs" -> List.of(new NodeAttributes(verb, "log"));
      case "checkpoint" -> List.of(new NodeAttributes(verb, "checkpoint"));
      case "healthz", "configz", "statusz" -> fineGrained(verb, first);
      case "pods", "runningpods" -> fineGrained(verb, "pods");
      default -> List.of(new NodeAttributes(verb, "proxy"));
    };
  }

  /** The narrow right first, the one that older roles hold after. */
  private static List<NodeAttributes> fineGrained(String verb, String subresource) {
    return List.of(new NodeAttributes(verb, subresource), new NodeAttributes(verb, "proxy"));
  }
}
