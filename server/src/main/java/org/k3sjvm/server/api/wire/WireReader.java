package org.k3sjvm.server.api.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.api.wire.Messages.Field;

/**
 * Reads {@code application/vnd.kubernetes.protobuf}: four magic bytes, then an envelope that names
 * the type and holds the object. Unknown fields are skipped. Go writes empty strings and unset
 * times of plain fields too; they are left out here as its JSON does. Numbers that are zero stay:
 * in JSON they mean the same as none.
 */
public final class WireReader {
  public static final String MEDIA_TYPE = "application/vnd.kubernetes.protobuf";
  private static final byte[] MAGIC = {'k', '8', 's', 0};
  private static final int NESTING = 64;

  private WireReader() {}

  /**
   * Reads an object.
   *
   * @param typeName turns apiVersion and kind into the name of a message; empty for unknown ones
   * @throws WireException when the bytes are malformed or the type is unknown
   */
  public static ObjectNode read(byte[] body, TypeName typeName) {
    if (body.length < MAGIC.length || !Arrays.equals(Arrays.copyOf(body, MAGIC.length), MAGIC)) {
      throw new WireException("the body does not begin as Kubernetes protobuf does");
    }
    String apiVersion = "";
    String kind = "";
    Optional<ByteCursor> raw = Optional.empty();
    ByteCursor envelope = new ByteCursor(body, MAGIC.length, body.length);
    while (envelope.hasMore()) {
      long tag = envelope.varint();
      switch ((int) (tag >>> 3)) {
        case 1 -> {
          ByteCursor meta = envelope.slice();
          while (meta.hasMore()) {
            long inner = meta.varint();
            if (inner >>> 3 == 1) {
              apiVersion = meta.slice().text();
            } else if (inner >>> 3 == 2) {
              kind = meta.slice().text();
            } else {
              meta.skip((int) (inner & 7));
            }
          }
        }
        case 2 -> raw = Optional.of(envelope.slice());
        default -> envelope.skip((int) (tag & 7));
      }
    }
    String version = apiVersion;
    String name = kind;
    String message =
        typeName
            .of(version, name)
            .orElseThrow(() -> new WireException("unknown type " + version + " " + name));
    ObjectNode object = Trees.object().put("kind", kind).put("apiVersion", apiVersion);
    raw.ifPresent(cursor -> message(cursor, message, object, 0));
    return object;
  }

  /** Names messages. */
  @FunctionalInterface
  public interface TypeName {
    Optional<String> of(String apiVersion, String kind);
  }

  private static void message(ByteCursor in, String name, ObjectNode into, int depth) {
    if (depth > NESTING) {
      throw new WireException("the object is nested too deeply");
    }
    Map<Integer, Field> fields =
        Messages.of(name).orElseThrow(() -> new WireException("unknown message " + name));
    while (in.hasMore()) {
      long tag = in.varint();
      int wireType = (int) (tag & 7);
      Field field = fields.get((int) (tag >>> 3));
      if (field == null) {
        in.skip(wireType);
      } else {
        field(in, wireType, field, into, depth);
      }
    }
  }

  private static void field(ByteCursor in, int wireType, Field field, ObjectNode into, int depth) {
    if (field.isMap()) {
      entry(in.slice(), field, into, depth);
    } else if (field.isInline()) {
      message(in.slice(), field.type().substring(1), into, depth + 1);
    } else if (field.isList()) {
      if (wireType == 2 && "ibd".contains(field.element())) {
        ByteCursor packed = in.slice();
        while (packed.hasMore()) {
          Trees.list(into, field.name()).add(scalar(packed, 0, field.element()));
        }
      } else {
        value(in, wireType, field.element(), depth)
            .ifPresent(value -> Trees.list(into, field.name()).add(value));
      }
    } else {
      value(in, wireType, field.type(), depth)
          .filter(value -> !(value.isTextual() && value.asText().isEmpty()))
          .ifPresent(value -> into.set(field.name(), value));
    }
  }

  private static void entry(ByteCursor in, Field field, ObjectNode into, int depth) {
    String key = "";
    JsonNode value = TextNode.valueOf("");
    while (in.hasMore()) {
      long tag = in.varint();
      if (tag >>> 3 == 1) {
        key = in.slice().text();
      } else {
        value = value(in, (int) (tag & 7), field.element(), depth).orElse(value);
      }
    }
    Trees.child(into, field.name()).set(key, value);
  }

  private static Optional<JsonNode> value(ByteCursor in, int wireType, String type, int depth) {
    return switch (type) {
      case "s" -> Optional.of(TextNode.valueOf(in.slice().text()));
      case "y" ->
          Optional.of(TextNode.valueOf(Base64.getEncoder().encodeToString(in.slice().rest())));
      case "T" -> time(in.slice());
      case "q" -> Optional.of(quantity(in.slice()));
      case "x" -> Optional.of(wholeOrText(in.slice()));
      case "i", "b", "d" -> Optional.of(scalar(in, wireType, type));
      default -> {
        String name = type.substring(1);
        ObjectNode inner = Trees.object();
        message(in.slice(), name, inner, depth + 1);
        boolean onlyItems =
            name.equals("authentication.v1.ExtraValue")
                || name.equals("authorization.v1.ExtraValue");
        yield Optional.of(onlyItems ? Trees.list(inner, "items") : inner);
      }
    };
  }

  private static JsonNode scalar(ByteCursor in, int wireType, String type) {
    long number =
        switch (wireType) {
          case 0 -> in.varint();
          case 1 -> in.fixed(8);
          case 5 -> in.fixed(4);
          default -> throw new WireException("a number has wire type " + wireType);
        };
    return switch (type) {
      case "b" -> BooleanNode.valueOf(number != 0);
      case "d" -> DoubleNode.valueOf(Double.longBitsToDouble(number));
      default -> whole(number);
    };
  }

  private static JsonNode whole(long number) {
    return number == (int) number ? IntNode.valueOf((int) number) : LongNode.valueOf(number);
  }

  private static Optional<JsonNode> time(ByteCursor in) {
    if (in.isEmpty()) {
      return Optional.empty();
    }
    long seconds = 0;
    long nanos = 0;
    while (in.hasMore()) {
      long tag = in.varint();
      switch ((int) (tag >>> 3)) {
        case 1 -> seconds = in.varint();
        case 2 -> nanos = in.varint();
        default -> in.skip((int) (tag & 7));
      }
    }
    try {
      Instant moment = Instant.ofEpochSecond(seconds, nanos);
      return Optional.of(
          TextNode.valueOf(nanos == 0 ? Trees.time(moment) : Trees.microTime(moment)));
    } catch (DateTimeException | ArithmeticException e) {
      throw new WireException("a time is beyond all years");
    }
  }

  private static JsonNode quantity(ByteCursor in) {
    String text = "0";
    while (in.hasMore()) {
      long tag = in.varint();
      if (tag >>> 3 == 1) {
        text = in.slice().text();
      } else {
        in.skip((int) (tag & 7));
      }
    }
    return TextNode.valueOf(text);
  }

  private static JsonNode wholeOrText(ByteCursor in) {
    long kind = 0;
    long number = 0;
    String text = "";
    while (in.hasMore()) {
      long tag = in.varint();
      switch ((int) (tag >>> 3)) {
        case 1 -> kind = in.varint();
        case 2 -> number = in.varint();
        case 3 -> text = in.slice().text();
        default -> in.skip((int) (tag & 7));
      }
    }
    return kind == 0 ? whole(number) : TextNode.valueOf(text);
  }
}
