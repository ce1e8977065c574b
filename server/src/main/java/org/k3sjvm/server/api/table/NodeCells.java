package org.k3sjvm.server.api.table;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.TreeSet;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/** What the row of a node says. */
final class NodeCells {
  private static final String ROLE = "node-role.kubernetes.io/";

  private NodeCells() {}

  static String status(ObjectNode node) {
    String ready = PodCells.condition(node, "Ready");
    String text =
        switch (ready) {
          case "True" -> "Ready";
          case "" -> "Unknown";
          default -> "NotReady";
        };
    return node.path("spec").path("unschedulable").asBoolean()
        ? text + ",SchedulingDisabled"
        : text;
  }

  static String roles(ObjectNode node) {
    TreeSet<String> roles = new TreeSet<>();
    for (var label : Meta.labels(node).entrySet()) {
      if (label.getKey().startsWith(ROLE) && label.getKey().length() > ROLE.length()) {
        roles.add(label.getKey().substring(ROLE.length()));
      } else if (label.getKey().equals("kubernetes.io/role") && !label.getValue().isEmpty()) {
        roles.add(label.getValue());
      }
    }
    return roles.isEmpty() ? "<none>" : String.join(",", roles);
  }

  static String address(ObjectNode node, String type) {
    for (JsonNode address : Trees.at(node, "status", "addresses")) {
      if (Trees.text(address, "type").equals(type)) {
        return Trees.text(address, "address");
      }
    }
    return "<none>";
  }
}
