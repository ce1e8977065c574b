package org.k3sjvm.containerd.toml;

import java.util.Arrays;
import java.util.Collection;
import java.util.stream.Collectors;

/** Writes TOML tables one after the other. Source: TOML v1.0.0. */
public final class Toml {
  private final StringBuilder text = new StringBuilder();

  /** A comment line. */
  public Toml comment(String line) {
    text.append("# ").append(line).append('\n');
    return this;
  }

  /** Begins a table; keys follow. */
  public Toml table(String... path) {
    if (!text.isEmpty()) {
      text.append('\n');
    }
    text.append('[')
        .append(Arrays.stream(path).map(Toml::key).collect(Collectors.joining(".")))
        .append("]\n");
    return this;
  }

  public Toml put(String name, String value) {
    return raw(name, quoted(value));
  }

  public Toml put(String name, boolean value) {
    return raw(name, Boolean.toString(value));
  }

  public Toml put(String name, long value) {
    return raw(name, Long.toString(value));
  }

  public Toml put(String name, Collection<String> values) {
    return raw(name, list(values));
  }

  /** A list of lists. */
  public Toml putPairs(String name, Collection<? extends Collection<String>> values) {
    return raw(name, values.stream().map(Toml::list).collect(Collectors.joining(", ", "[", "]")));
  }

  @Override
  public String toString() {
    return text.toString();
  }

  private Toml raw(String name, String value) {
    text.append(key(name)).append(" = ").append(value).append('\n');
    return this;
  }

  private static String list(Collection<String> values) {
    return values.stream().map(Toml::quoted).collect(Collectors.joining(", ", "[", "]"));
  }

  private static String key(String name) {
    boolean bare =
        !name.isEmpty()
            && name.chars()
                .allMatch(c -> c < 0x80 && (Character.isLetterOrDigit(c) || c == '_' || c == '-'));
    return bare ? name : quoted(name);
  }

  /** A basic string: quotes, backslashes and control characters are escaped. */
  private static String quoted(String value) {
    StringBuilder result = new StringBuilder("\"");
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        result.append('\\').append(c);
      } else if (c < ' ' || c == 0x7f) {
        result.append("\\u%04X".formatted((int) c));
      } else {
        result.append(c);
      }
    }
    return result.append('"').toString();
  }
}
