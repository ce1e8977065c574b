package org.k3sjvm.server.api.schema;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The table of types. Lines stay text until a type is first asked for, as most never are. The
 * format is said at the top of {@code scripts/schema.py}.
 */
public final class Schema {
  private static final Shape TEXT = new Shape.Text();
  private static final Shape WHOLE = new Shape.Whole();
  private static final Shape DECIMAL = new Shape.Decimal();
  private static final Shape TRUTH = new Shape.Truth();
  private static final Shape WHOLE_OR_TEXT = new Shape.WholeOrText();
  private static final Shape AMOUNT = new Shape.Amount();
  private static final Shape ANY = new Shape.Any();

  private final Map<String, String> lines;
  private final Map<String, Type> types = new ConcurrentHashMap<>();

  /** One field of a type. */
  public record Field(boolean required, Shape shape) {}

  /** An object type: its fields by name, in the table's order. */
  public record Type(String name, Map<String, Field> fields) {
    /** Whether any field is allowed. */
    public boolean open() {
      return fields.isEmpty();
    }
  }

  private static final class Holder {
    private static final Schema BUILT_IN = load();
  }

  private Schema(Map<String, String> lines) {
    this.lines = lines;
  }

  public static Schema builtIn() {
    return Holder.BUILT_IN;
  }

  private static Schema load() {
    Map<String, String> lines = new HashMap<>();
    try (InputStream in = Objects.requireNonNull(Schema.class.getResourceAsStream("types.txt"));
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        int space = line.indexOf(' ');
        if (!line.startsWith("#") && space > 0) {
          lines.put(line.substring(0, space), line.substring(space + 1));
        }
      }
      return new Schema(lines);
    } catch (IOException e) {
      throw new UncheckedIOException("the table of types does not read", e);
    }
  }

  public Optional<Type> type(String name) {
    Type known = types.get(name);
    if (known != null) {
      return Optional.of(known);
    }
    String line = lines.get(name);
    return line == null
        ? Optional.empty()
        : Optional.of(types.computeIfAbsent(name, n -> parse(n, line)));
  }

  /** All names, sorted. */
  public Set<String> names() {
    return new TreeSet<>(lines.keySet());
  }

  private static Type parse(String name, String line) {
    Map<String, Field> fields = new LinkedHashMap<>();
    for (String word : line.equals("*") ? new String[0] : line.split(" ", -1)) {
      int colon = word.indexOf(':');
      String field = word.substring(0, colon);
      boolean required = field.endsWith("!");
      fields.put(
          required ? field.substring(0, field.length() - 1) : field,
          new Field(required, shape(word.substring(colon + 1))));
    }
    return new Type(name, fields);
  }

  private static Shape shape(String code) {
    int tilde = code.indexOf('~');
    String plain = tilde < 0 ? code : code.substring(0, tilde);
    if (plain.startsWith("[]")) {
      String[] rules =
          tilde < 0 ? new String[] {"-", "-"} : code.substring(tilde + 1).split(",", -1);
      return new Shape.ListOf(
          shape(plain.substring(2)),
          rules[0].startsWith("merge"),
          rules[1].equals("-") ? Optional.empty() : Optional.of(rules[1]),
          List.of(rules).subList(2, rules.length));
    }
    if (plain.startsWith("{}")) {
      return new Shape.MapOf(shape(plain.substring(2)));
    }
    return switch (plain) {
      case "s" -> TEXT;
      case "i" -> WHOLE;
      case "n" -> DECIMAL;
      case "b" -> TRUTH;
      case "x" -> WHOLE_OR_TEXT;
      case "q" -> AMOUNT;
      case "o" -> ANY;
      default -> new Shape.Ref(plain.substring(1));
    };
  }
}
