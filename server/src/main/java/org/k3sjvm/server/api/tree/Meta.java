package org.k3sjvm.server.api.tree;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The metadata of an object, by its names. */
public final class Meta {
  private Meta() {}

  public static ObjectNode of(ObjectNode object) {
    return Trees.child(object, "metadata");
  }

  public static String name(JsonNode object) {
    return Trees.text(object, "metadata", "name");
  }

  public static String namespace(JsonNode object) {
    return Trees.text(object, "metadata", "namespace");
  }

  public static String uid(JsonNode object) {
    return Trees.text(object, "metadata", "uid");
  }

  public static String resourceVersion(JsonNode object) {
    return Trees.text(object, "metadata", "resourceVersion");
  }

  public static Map<String, String> labels(JsonNode object) {
    return Trees.map(object, "metadata", "labels");
  }

  public static String annotation(JsonNode object, String name) {
    return Trees.text(object, "metadata", "annotations", name);
  }

  public static boolean deleting(JsonNode object) {
    return Trees.has(object, "metadata", "deletionTimestamp");
  }

  public static List<String> finalizers(JsonNode object) {
    return Trees.texts(object, "metadata", "finalizers");
  }

  public static List<ObjectNode> owners(JsonNode object) {
    return Trees.objects(object, "metadata", "ownerReferences");
  }

  /** The owner reference with {@code controller: true}. */
  public static Optional<ObjectNode> controller(JsonNode object) {
    return owners(object).stream().filter(o -> o.path("controller").asBoolean()).findFirst();
  }

  /** {@code namespace/name}, or the name alone. */
  public static String key(JsonNode object) {
    String namespace = namespace(object);
    return namespace.isEmpty() ? name(object) : namespace + "/" + name(object);
  }
}
