package org.k3sjvm.server.api.select;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;

/** Conditions on single fields, all of which must hold. */
public record FieldSelector(List<Requirement> requirements) {
  public static final FieldSelector ALL = new FieldSelector(List.of());

  /** What may be selected besides name and namespace. Source: kube-apiserver v1.32 conversions. */
  private static final Map<String, Set<String>> SELECTABLE =
      Map.of(
          "pods",
          Set.of(
              "spec.nodeName",
              "spec.restartPolicy",
              "spec.schedulerName",
              "spec.serviceAccountName",
              "spec.hostNetwork",
              "status.phase",
              "status.podIP",
              "status.nominatedNodeName"),
          "events",
          Set.of(
              "involvedObject.kind",
              "involvedObject.namespace",
              "involvedObject.name",
              "involvedObject.uid",
              "involvedObject.apiVersion",
              "involvedObject.resourceVersion",
              "involvedObject.fieldPath",
              "reason",
              "reportingComponent",
              "source",
              "type"),
          "nodes",
          Set.of("spec.unschedulable"),
          "namespaces",
          Set.of("status.phase"),
          "secrets",
          Set.of("type"),
          "services",
          Set.of("spec.clusterIP", "spec.type"),
          "replicasets",
          Set.of("status.replicas"),
          "replicationcontrollers",
          Set.of("status.replicas"),
          "jobs",
          Set.of("status.successful"));

  public FieldSelector {
    requirements = List.copyOf(requirements);
  }

  /**
   * One condition.
   *
   * @param equal whether the field must have the value, or must not
   */
  public record Requirement(String field, String value, boolean equal) {}

  /**
   * Reads {@code a=b,c!=d}.
   *
   * @throws ApiException when it is malformed, or names a field that the kind does not offer
   */
  public static FieldSelector parse(Kind kind, String text) {
    List<Requirement> requirements = new ArrayList<>();
    for (String term : text.split(",", -1)) {
      if (!term.isEmpty()) {
        requirements.add(parseOne(kind, term));
      }
    }
    return new FieldSelector(requirements);
  }

  private static Requirement parseOne(Kind kind, String term) {
    int sign = term.indexOf('=');
    if (sign <= 0) {
      throw ApiException.badRequest("invalid selector: '" + term + "'; can't understand it");
    }
    boolean unequal = term.charAt(sign - 1) == '!';
    int value = term.startsWith("==", sign) ? sign + 2 : sign + 1;
    String field = term.substring(0, unequal ? sign - 1 : sign);
    boolean known =
        field.equals("metadata.name")
            || field.equals("metadata.namespace")
            || SELECTABLE.getOrDefault(kind.plural(), Set.of()).contains(field);
    if (!known) {
      throw ApiException.badRequest(
          "Unable to find \""
              + kind.apiVersion()
              + ", Resource="
              + kind.plural()
              + "\" that match field selector \""
              + term
              + "\": field label not supported: "
              + field);
    }
    return new Requirement(field, term.substring(value), !unequal);
  }

  /** The value that a field must have, when one is asked for. */
  public Optional<String> required(String field) {
    return requirements.stream()
        .filter(r -> r.equal() && r.field().equals(field))
        .map(Requirement::value)
        .findFirst();
  }

  public boolean matches(JsonNode object) {
    for (Requirement requirement : requirements) {
      if (read(object, requirement.field()).equals(requirement.value()) != requirement.equal()) {
        return false;
      }
    }
    return true;
  }

  private static String read(JsonNode object, String field) {
    return switch (field) {
      case "source" -> object.path("source").path("component").asText("");
      case "status.successful" -> object.path("status").path("succeeded").asText("0");
      case "status.replicas" -> object.path("status").path("replicas").asText("0");
      case "spec.unschedulable", "spec.hostNetwork" -> {
        JsonNode value = object.path("spec").path(field.substring("spec.".length()));
        yield value.asText("false");
      }
      default -> {
        JsonNode node = object;
        for (String part : field.split("\\.", -1)) {
          node = node.path(part);
        }
        yield node.asText("");
      }
    };
  }
}
