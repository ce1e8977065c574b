package org.k3sjvm.server.api.table;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.k3sjvm.server.api.select.LabelSelector;
import org.k3sjvm.server.api.tree.Trees;

/** Small texts that several kinds' rows share. */
final class Cells {
  private static final String NONE = "<none>";

  private Cells() {}

  static Function<ObjectNode, Object> text(String... path) {
    return object -> orNone(Trees.text(object, path));
  }

  static Function<ObjectNode, Object> plain(String... path) {
    return object -> Trees.text(object, path);
  }

  static Function<ObjectNode, Object> number(String... path) {
    return object -> Trees.number(object, path);
  }

  static Function<ObjectNode, Object> size(String... path) {
    return object -> Trees.at(object, path).size();
  }

  static String orNone(String text) {
    return text.isEmpty() ? NONE : text;
  }

  static String names(ObjectNode object, boolean images) {
    List<String> all = new ArrayList<>();
    JsonNode template =
        object.path("spec").has("jobTemplate")
            ? Trees.at(object, "spec", "jobTemplate", "spec", "template")
            : Trees.at(object, "spec", "template");
    for (JsonNode container : Trees.at(template, "spec", "containers")) {
      all.add(Trees.text(container, images ? "image" : "name"));
    }
    return String.join(",", all);
  }

  static String selector(JsonNode selector) {
    List<String> all = new ArrayList<>();
    for (LabelSelector.Requirement r : LabelSelector.of(selector).requirements()) {
      List<String> values = r.values().stream().sorted().toList();
      all.add(
          switch (r.operator()) {
            case IN ->
                values.size() == 1
                    ? r.key() + "=" + values.getFirst()
                    : r.key() + " in (" + String.join(",", values) + ")";
            case NOT_IN -> r.key() + " notin (" + String.join(",", values) + ")";
            case EXISTS -> r.key();
            case NOT_EXISTS -> "!" + r.key();
            case GREATER -> r.key() + ">" + values.getFirst();
            case LESS -> r.key() + "<" + values.getFirst();
          });
    }
    return orNone(String.join(",", all));
  }

  static String map(JsonNode map) {
    List<String> all = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      all.add(entry.getKey() + "=" + entry.getValue().asText());
    }
    return orNone(String.join(",", all));
  }

  static String ports(ObjectNode service) {
    List<String> all = new ArrayList<>();
    for (JsonNode port : Trees.at(service, "spec", "ports")) {
      long node = Trees.number(port, "nodePort");
      all.add(
          Trees.text(port, "port")
              + (node > 0 ? ":" + node : "")
              + "/"
              + Trees.text(port, "protocol"));
    }
    return orNone(String.join(",", all));
  }

  static String externalIp(ObjectNode service) {
    String type = Trees.text(service, "spec", "type");
    List<String> all = new ArrayList<>(Trees.texts(service, "spec", "externalIPs"));
    for (JsonNode ingress : Trees.at(service, "status", "loadBalancer", "ingress")) {
      String ip = Trees.text(ingress, "ip");
      all.add(ip.isEmpty() ? Trees.text(ingress, "hostname") : ip);
    }
    if (type.equals("ExternalName")) {
      return Trees.text(service, "spec", "externalName");
    }
    return all.isEmpty()
        ? (type.equals("LoadBalancer") ? "<pending>" : NONE)
        : String.join(",", all);
  }

  static String endpoints(ObjectNode endpoints) {
    List<String> all = new ArrayList<>();
    for (JsonNode subset : endpoints.path("subsets")) {
      for (JsonNode address : subset.path("addresses")) {
        if (subset.path("ports").isEmpty()) {
          all.add(Trees.text(address, "ip"));
        }
        for (JsonNode port : subset.path("ports")) {
          all.add(Trees.text(address, "ip") + ":" + Trees.text(port, "port"));
        }
      }
    }
    return cut(all);
  }

  static String sliceEndpoints(ObjectNode slice) {
    List<String> all = new ArrayList<>();
    for (JsonNode endpoint : slice.path("endpoints")) {
      all.addAll(Trees.texts(endpoint, "addresses"));
    }
    return cut(all);
  }

  static String slicePorts(ObjectNode slice) {
    List<String> all = new ArrayList<>();
    slice.path("ports").forEach(port -> all.add(Trees.text(port, "port")));
    return cut(all);
  }

  private static String cut(List<String> all) {
    return all.size() > 3
        ? String.join(",", all.subList(0, 3)) + " + " + (all.size() - 3) + " more..."
        : orNone(String.join(",", all));
  }
}
