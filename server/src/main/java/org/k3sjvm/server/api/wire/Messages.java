package org.k3sjvm.server.api.wire;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The table of messages; each line is read when its message is first met. */
final class Messages {
  private static final Map<String, Map<Integer, Field>> READ = new ConcurrentHashMap<>();

  /**
   * One field.
   *
   * @param type as {@code scripts/wire.py} says it
   */
  record Field(String name, String type) {
    boolean isList() {
      return type.startsWith("[]");
    }

    boolean isMap() {
      return type.startsWith("{}");
    }

    boolean isInline() {
      return type.startsWith("+");
    }

    /** The type of an element, or of the value itself. */
    String element() {
      return isList() || isMap() ? type.substring(2) : type;
    }
  }

  private static final class Holder {
    private static final Map<String, String> LINES = load();
  }

  private Messages() {}

  /** The fields of a message by number; empty when we do not know it. */
  static Optional<Map<Integer, Field>> of(String name) {
    Map<Integer, Field> known = READ.get(name);
    if (known != null) {
      return Optional.of(known);
    }
    String line = Holder.LINES.get(name);
    return line == null
        ? Optional.empty()
        : Optional.of(READ.computeIfAbsent(name, _ -> parse(line)));
  }

  private static Map<Integer, Field> parse(String line) {
    Map<Integer, Field> fields = new HashMap<>();
    for (String word : line.split(" ", -1)) {
      if (!word.isEmpty()) {
        String[] parts = word.split(":", 3);
        fields.put(Integer.parseInt(parts[0]), new Field(parts[1], parts[2]));
      }
    }
    return fields;
  }

  private static Map<String, String> load() {
    Map<String, String> lines = new HashMap<>();
    try (InputStream in = Objects.requireNonNull(Messages.class.getResourceAsStream("fields.txt"));
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        int space = line.indexOf(' ');
        String name = space < 0 ? line : line.substring(0, space);
        if (!line.startsWith("#")) {
          lines.put(name, space < 0 ? "" : line.substring(space + 1));
        }
      }
      return lines;
    } catch (IOException e) {
      throw new UncheckedIOException("the table of messages does not read", e);
    }
  }
}
