package org.k3sjvm.server.api.tree;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reading and writing trees. A path that leads nowhere reads as empty text, zero or no elements.
 */
public final class Trees {
  public static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private static final DateTimeFormatter MICROS =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private Trees() {}

  /** Reads an object that we wrote ourselves. */
  public static ObjectNode parse(byte[] json) {
    try {
      return (ObjectNode) MAPPER.readTree(json);
    } catch (IOException e) {
      throw new UncheckedIOException("an object of our own does not parse", e);
    }
  }

  public static byte[] bytes(JsonNode tree) {
    try {
      return MAPPER.writeValueAsBytes(tree);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("a tree does not print", e);
    }
  }

  public static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  public static ArrayNode array() {
    return MAPPER.createArrayNode();
  }

  /** The node at a path of field names. */
  public static JsonNode at(JsonNode tree, String... path) {
    JsonNode node = tree;
    for (String field : path) {
      node = node.path(field);
    }
    return node.isNull() ? MissingNode.getInstance() : node;
  }

  /** The text at a path; numbers and booleans as text too. */
  public static String text(JsonNode tree, String... path) {
    return at(tree, path).asText("");
  }

  public static long number(JsonNode tree, String... path) {
    return at(tree, path).asLong(0);
  }

  public static boolean has(JsonNode tree, String... path) {
    return !at(tree, path).isMissingNode();
  }

  /** The object at a path, made where it is missing. */
  public static ObjectNode child(ObjectNode tree, String... path) {
    ObjectNode node = tree;
    for (String field : path) {
      node = node.get(field) instanceof ObjectNode next ? next : node.putObject(field);
    }
    return node;
  }

  /** The list in a field, made where it is missing. */
  public static ArrayNode list(ObjectNode tree, String field) {
    return tree.get(field) instanceof ArrayNode list ? list : tree.putArray(field);
  }

  /** Elements that are objects, of the list at a path. */
  public static List<ObjectNode> objects(JsonNode tree, String... path) {
    List<ObjectNode> all = new ArrayList<>();
    for (JsonNode element : at(tree, path)) {
      if (element instanceof ObjectNode object) {
        all.add(object);
      }
    }
    return all;
  }

  public static List<String> texts(JsonNode tree, String... path) {
    List<String> all = new ArrayList<>();
    for (JsonNode element : at(tree, path)) {
      all.add(element.asText(""));
    }
    return all;
  }

  /** The string map at a path, in order. */
  public static Map<String, String> map(JsonNode tree, String... path) {
    Map<String, String> all = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : at(tree, path).properties()) {
      all.put(entry.getKey(), entry.getValue().asText(""));
    }
    return all;
  }

  /** The first object of a list whose field has a value. */
  public static Optional<ObjectNode> find(JsonNode list, String field, String value) {
    for (JsonNode element : list) {
      if (element instanceof ObjectNode object && text(object, field).equals(value)) {
        return Optional.of(object);
      }
    }
    return Optional.empty();
  }

  /** Sets a field that is not set. */
  public static void fill(ObjectNode tree, String field, String value) {
    if (text(tree, field).isEmpty()) {
      tree.put(field, value);
    }
  }

  public static void fill(ObjectNode tree, String field, long value) {
    if (!has(tree, field)) {
      if (value == (int) value) {
        tree.put(field, (int) value);
      } else {
        tree.put(field, value);
      }
    }
  }

  public static void fill(ObjectNode tree, String field, boolean value) {
    if (!has(tree, field)) {
      tree.put(field, value);
    }
  }

  /** A moment as {@code metav1.Time}: whole seconds. */
  public static String time(Instant moment) {
    return moment.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** A moment as {@code metav1.MicroTime}. */
  public static String microTime(Instant moment) {
    return MICROS.format(moment);
  }

  /** The moment at a path; empty when there is none or it is no time. */
  public static Optional<Instant> instant(JsonNode tree, String... path) {
    String text = text(tree, path);
    try {
      return text.isEmpty()
          ? Optional.empty()
          : Optional.of(DateTimeFormatter.ISO_OFFSET_DATE_TIME.parse(text, Instant::from));
    } catch (java.time.DateTimeException _) {
      return Optional.empty();
    }
  }
}
