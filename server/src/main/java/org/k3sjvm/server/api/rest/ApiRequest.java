package org.k3sjvm.server.api.rest;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.k3sjvm.http.Query;
import org.k3sjvm.http.Request;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.access.Attributes;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.select.FieldSelector;

/**
 * A request in the words of the API.
 *
 * @param verb such as {@code list}; for a path that is no resource the lower-case method
 * @param kind empty when the path names no resource that we know
 * @param name empty for a collection
 * @param rest the path behind the subresource, for proxies
 */
record ApiRequest(
    Request http,
    String verb,
    String group,
    String version,
    String resource,
    Optional<Kind> kind,
    String namespace,
    String name,
    String subresource,
    List<String> rest) {

  static ApiRequest parse(Request http) {
    List<String> parts = http.segments();
    boolean core = parts.size() > 2 && parts.getFirst().equals("api");
    boolean grouped = parts.size() > 3 && parts.getFirst().equals("apis");
    if (!core && !grouped) {
      return new ApiRequest(
          http,
          http.method().toLowerCase(Locale.ROOT),
          "",
          "",
          "",
          Optional.empty(),
          "",
          "",
          "",
          List.of());
    }
    String group = core ? "" : parts.get(1);
    String version = core ? parts.get(1) : parts.get(2);
    return resource(http, group, version, parts.subList(core ? 2 : 3, parts.size()));
  }

  private static ApiRequest resource(
      Request http, String group, String version, List<String> parts) {
    String namespace = "";
    List<String> left = parts;
    if (left.getFirst().equals("namespaces") && left.size() > 1) {
      namespace = left.get(1);
      boolean inside =
          left.size() > 2 && !left.get(2).equals("status") && !left.get(2).equals("finalize");
      left = inside ? left.subList(2, left.size()) : left;
    }
    String resource = left.getFirst();
    Optional<Kind> kind = Kinds.ofResource(group, version, resource);
    String name = left.size() > 1 ? left.get(1) : "";
    String subresource = left.size() > 2 ? left.get(2) : "";
    List<String> rest = left.size() > 3 ? left.subList(3, left.size()) : List.of();
    String inNamespace =
        resource.equals("namespaces") || !kind.map(Kind::namespaced).orElse(true) ? "" : namespace;
    return new ApiRequest(
        http,
        verb(http, name),
        group,
        version,
        resource,
        kind,
        inNamespace,
        name,
        subresource,
        rest);
  }

  private static String verb(Request http, String name) {
    return switch (http.method()) {
      case "GET", "HEAD" ->
          isTrue(http.query(), "watch") ? "watch" : name.isEmpty() ? "list" : "get";
      case "POST" -> "create";
      case "PUT" -> "update";
      case "PATCH" -> "patch";
      case "DELETE" -> name.isEmpty() ? "deletecollection" : "delete";
      default -> throw ApiException.methodNotAllowed();
    };
  }

  static boolean isTrue(Query query, String name) {
    return query.first(name).filter(v -> !v.equals("false") && !v.equals("0")).isPresent();
  }

  String parameter(String name) {
    return http.query().first(name).orElse("");
  }

  boolean flag(String name) {
    return isTrue(http.query(), name);
  }

  boolean isResource() {
    return !resource.isEmpty();
  }

  /** The field selector; it must be one that the kind offers. */
  FieldSelector fields() {
    return kind.map(k -> FieldSelector.parse(k, parameter("fieldSelector")))
        .orElse(FieldSelector.ALL);
  }

  Attributes attributes() {
    if (!isResource()) {
      return Attributes.ofPath(verb, http.path());
    }
    boolean many = verb.equals("list") || verb.equals("watch") || verb.equals("deletecollection");
    FieldSelector fields = many ? fields() : FieldSelector.ALL;
    String one = name.isEmpty() ? fields.required("metadata.name").orElse("") : name;
    return new Attributes(
        verb,
        group,
        resource,
        subresource,
        resource.equals("namespaces") ? name : namespace,
        one,
        http.path(),
        many ? Optional.of(fields) : Optional.empty());
  }
}
