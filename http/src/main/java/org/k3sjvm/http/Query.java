package org.k3sjvm.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The parameters behind the question mark, decoded, in order.
 *
 * @param parameters may repeat a name; a name without {@code =} has an empty value
 */
public record Query(List<Parameter> parameters) {
  public static final Query EMPTY = new Query(List.of());

  public Query {
    parameters = List.copyOf(parameters);
  }

  public record Parameter(String name, String value) {}

  /**
   * Reads {@code a=1&b=2}.
   *
   * @throws IllegalArgumentException when a percent escape is broken
   */
  public static Query parse(String text) {
    List<Parameter> parameters = new ArrayList<>();
    for (String part : text.split("&", -1)) {
      if (part.isEmpty()) {
        continue;
      }
      int equals = part.indexOf('=');
      parameters.add(
          equals < 0
              ? new Parameter(decode(part), "")
              : new Parameter(
                  decode(part.substring(0, equals)), decode(part.substring(equals + 1))));
    }
    return new Query(parameters);
  }

  public Optional<String> first(String name) {
    return parameters.stream()
        .filter(parameter -> parameter.name().equals(name))
        .map(Parameter::value)
        .findFirst();
  }

  public List<String> all(String name) {
    return parameters.stream()
        .filter(parameter -> parameter.name().equals(name))
        .map(Parameter::value)
        .toList();
  }

  public boolean has(String name) {
    return first(name).isPresent();
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }
}
