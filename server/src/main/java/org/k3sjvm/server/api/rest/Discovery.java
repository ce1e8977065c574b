package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.k3sjvm.http.Response;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.tree.Trees;

/** What there is: group lists, resource lists, and both in one document for newer clients. */
final class Discovery {
  private static final List<String> VERBS =
      List.of("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch");

  private record Sub(String group, String version, String kind, List<String> verbs) {}

  /** Answers a discovery path; says whether it was one. */
  boolean answer(ApiRequest request, Response response) throws IOException {
    List<String> parts = request.http().segments();
    if (parts.isEmpty()) {
      return false;
    }
    boolean core = parts.getFirst().equals("api");
    if (!core && !parts.getFirst().equals("apis")) {
      return false;
    }
    int depth = parts.size() + (core ? 1 : 0);
    if (parts.size() == 1) {
      root(request, response, core);
    } else if (depth == 2) {
      Answers.json(response, 200, group(parts.get(1), true));
    } else if (depth == 3) {
      resources(core ? parts.get(1) : parts.get(1) + "/" + parts.get(2), response);
    } else {
      return false;
    }
    return true;
  }

  private static void root(ApiRequest request, Response response, boolean core) throws IOException {
    Optional<String> aggregated = aggregatedVersion(request);
    if (aggregated.isPresent()) {
      String type =
          "application/json;g=apidiscovery.k8s.io;v="
              + aggregated.get()
              + ";as=APIGroupDiscoveryList";
      response.status(200).header("Content-Type", type).header("Vary", "Accept");
      response.send(Trees.bytes(aggregated(core, aggregated.get())));
      return;
    }
    ObjectNode body = Trees.object();
    if (core) {
      body.put("kind", "APIVersions").putArray("versions").add("v1");
      body.putArray("serverAddressByClientCIDRs");
    } else {
      body.put("kind", "APIGroupList").put("apiVersion", "v1");
      ArrayNode groups = body.putArray("groups");
      groups().forEach(name -> groups.add(group(name, false)));
    }
    Answers.json(response, 200, body);
  }

  private static Optional<String> aggregatedVersion(ApiRequest request) {
    for (Form.Range range : Form.ranges(request.http())) {
      boolean wanted =
          range.parameter("as").equals("APIGroupDiscoveryList")
              && range.type().equals("application/json");
      if (wanted && Set.of("v2", "v2beta1").contains(range.parameter("v"))) {
        return Optional.of(range.parameter("v"));
      }
      if (range.parameter("as").isEmpty() && range.type().equals("application/json")) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  private static Set<String> groups() {
    Set<String> names = new LinkedHashSet<>();
    for (Kind kind : Kinds.all()) {
      if (!kind.group().isEmpty()) {
        names.add(kind.group());
      }
    }
    return names;
  }

  private static ObjectNode group(String name, boolean alone) {
    if (!groups().contains(name)) {
      throw ApiException.noSuchPath();
    }
    ObjectNode group = Trees.object();
    if (alone) {
      group.put("kind", "APIGroup").put("apiVersion", "v1");
    }
    group.put("name", name);
    ObjectNode version = Trees.object().put("groupVersion", name + "/v1").put("version", "v1");
    group.putArray("versions").add(version);
    group.set("preferredVersion", version);
    return group;
  }

  private static void resources(String apiVersion, Response response) throws IOException {
    ObjectNode list = Trees.object().put("kind", "APIResourceList").put("apiVersion", "v1");
    list.put("groupVersion", apiVersion);
    ArrayNode all = list.putArray("resources");
    for (Kind kind : Kinds.all()) {
      if (kind.apiVersion().equals(apiVersion)) {
        describe(all, kind);
      }
    }
    if (all.isEmpty()) {
      throw ApiException.noSuchPath();
    }
    Answers.json(response, 200, list);
  }

  private static List<String> verbs(Kind kind) {
    return kind.virtual() ? List.of("create") : VERBS;
  }

  private static void describe(ArrayNode all, Kind kind) {
    ObjectNode one = all.addObject().put("name", kind.plural());
    one.put("singularName", kind.singular()).put("namespaced", kind.namespaced());
    one.put("kind", kind.kind());
    ArrayNode verbs = one.putArray("verbs");
    verbs(kind).forEach(verbs::add);
    if (!kind.shortNames().isEmpty()) {
      kind.shortNames().forEach(one.putArray("shortNames")::add);
    }
    if (!kind.categories().isEmpty()) {
      kind.categories().forEach(one.putArray("categories")::add);
    }
    for (String name : new TreeSet<>(kind.subresources())) {
      Sub sub = sub(kind, name);
      ObjectNode entry = all.addObject().put("name", kind.plural() + "/" + name);
      entry.put("singularName", "").put("namespaced", kind.namespaced());
      if (!sub.group().isEmpty()) {
        entry.put("group", sub.group()).put("version", sub.version());
      }
      entry.put("kind", sub.kind());
      sub.verbs().forEach(entry.putArray("verbs")::add);
    }
  }

  private static Sub sub(Kind kind, String name) {
    return switch (name) {
      case "scale" -> new Sub("autoscaling", "v1", "Scale", List.of("get", "patch", "update"));
      case "binding" -> new Sub("", "", "Binding", List.of("create"));
      case "eviction" -> new Sub("policy", "v1", "Eviction", List.of("create"));
      case "token" -> new Sub("authentication.k8s.io", "v1", "TokenRequest", List.of("create"));
      case "log" -> new Sub("", "", "Pod", List.of("get"));
      case "exec" -> new Sub("", "", "PodExecOptions", List.of("create", "get"));
      case "attach" -> new Sub("", "", "PodAttachOptions", List.of("create", "get"));
      case "portforward" -> new Sub("", "", "PodPortForwardOptions", List.of("create", "get"));
      case "proxy" ->
          new Sub(
              "",
              "",
              kind.kind() + "ProxyOptions",
              List.of("create", "delete", "get", "patch", "update"));
      case "finalize" -> new Sub("", "", "Namespace", List.of("update"));
      default -> new Sub("", "", kind.kind(), List.of("get", "patch", "update"));
    };
  }

  private static ObjectNode aggregated(boolean core, String version) {
    ObjectNode list = Trees.object().put("kind", "APIGroupDiscoveryList");
    list.put("apiVersion", "apidiscovery.k8s.io/" + version).putObject("metadata");
    ArrayNode items = list.putArray("items");
    for (String name : core ? Set.of("") : groups()) {
      ObjectNode item = items.addObject();
      ObjectNode meta = item.putObject("metadata");
      if (!core) {
        meta.put("name", name);
      }
      ObjectNode entry = item.putArray("versions").addObject().put("version", "v1");
      ArrayNode resources = entry.putArray("resources");
      for (Kind kind : Kinds.all()) {
        if (kind.group().equals(name)) {
          aggregated(resources, kind);
        }
      }
      entry.put("freshness", "Current");
    }
    return list;
  }

  private static void aggregated(ArrayNode resources, Kind kind) {
    ObjectNode one = resources.addObject().put("resource", kind.plural());
    responseKind(one, kind.group(), kind.version(), kind.kind());
    one.put("scope", kind.namespaced() ? "Namespaced" : "Cluster");
    one.put("singularResource", kind.singular());
    verbs(kind).forEach(one.putArray("verbs")::add);
    if (!kind.shortNames().isEmpty()) {
      kind.shortNames().forEach(one.putArray("shortNames")::add);
    }
    if (!kind.categories().isEmpty()) {
      kind.categories().forEach(one.putArray("categories")::add);
    }
    if (!kind.subresources().isEmpty()) {
      ArrayNode subs = one.putArray("subresources");
      for (String name : new TreeSet<>(kind.subresources())) {
        Sub sub = sub(kind, name);
        ObjectNode entry = subs.addObject().put("subresource", name);
        boolean foreign = !sub.group().isEmpty();
        responseKind(
            entry,
            foreign ? sub.group() : kind.group(),
            foreign ? sub.version() : kind.version(),
            sub.kind());
        sub.verbs().forEach(entry.putArray("verbs")::add);
      }
    }
  }

  private static void responseKind(ObjectNode one, String group, String version, String kind) {
    one.putObject("responseKind").put("group", group).put("version", version).put("kind", kind);
  }
}
