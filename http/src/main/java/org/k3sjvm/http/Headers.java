package org.k3sjvm.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Header fields in the order of the message; names compare without case.
 *
 * @param entries may repeat a name
 */
public record Headers(List<Entry> entries) {
  public static final Headers EMPTY = new Headers(List.of());

  public Headers {
    entries = List.copyOf(entries);
  }

  /**
   * One field.
   *
   * @param name a token of RFC 9110, never empty
   * @param value without line breaks
   */
  public record Entry(String name, String value) {
    public Entry {
      if (name.isEmpty() || !name.chars().allMatch(Entry::isTokenChar)) {
        throw new IllegalArgumentException("not a header name: '" + name + "'");
      }
      if (!value.chars().allMatch(Entry::isValueChar)) {
        throw new IllegalArgumentException("control characters in the value of header " + name);
      }
    }

    private static boolean isTokenChar(int c) {
      return (c >= 'a' && c <= 'z')
          || (c >= 'A' && c <= 'Z')
          || (c >= '0' && c <= '9')
          || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }

    private static boolean isValueChar(int c) {
      return c == '\t' || (c >= ' ' && c != 0x7f);
    }
  }

  /** Headers from names and values in turn. */
  public static Headers of(String... namesAndValues) {
    if (namesAndValues.length % 2 != 0) {
      throw new IllegalArgumentException("a header name without a value");
    }
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      entries.add(new Entry(namesAndValues[i], namesAndValues[i + 1]));
    }
    return new Headers(entries);
  }

  public Optional<String> first(String name) {
    return entries.stream()
        .filter(entry -> entry.name().equalsIgnoreCase(name))
        .map(Entry::value)
        .findFirst();
  }

  public List<String> all(String name) {
    return entries.stream()
        .filter(entry -> entry.name().equalsIgnoreCase(name))
        .map(Entry::value)
        .toList();
  }

  public boolean has(String name) {
    return first(name).isPresent();
  }

  /** Whether a comma-separated field, such as {@code Connection}, lists a token. */
  public boolean hasToken(String name, String token) {
    for (String value : all(name)) {
      for (String part : value.split(",", -1)) {
        if (part.strip().equalsIgnoreCase(token)) {
          return true;
        }
      }
    }
    return false;
  }

  /** These headers and one more. */
  public Headers with(String name, String value) {
    List<Entry> more = new ArrayList<>(entries);
    more.add(new Entry(name, value));
    return new Headers(more);
  }

  /** These headers without any of a name. */
  public Headers without(String name) {
    return new Headers(
        entries.stream().filter(entry -> !entry.name().equalsIgnoreCase(name)).toList());
  }
}
