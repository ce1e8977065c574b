package org.k3sjvm.server.api.rest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.http.Request;
import org.k3sjvm.server.api.ApiException;

/** In which form a client wants objects. */
enum Form {
  /** The objects themselves. */
  PLAIN,
  /** {@code meta.k8s.io/v1 Table}. */
  TABLE,
  /** {@code meta.k8s.io/v1 PartialObjectMetadata} and its list. */
  METADATA;

  /** One media range of an {@code Accept} header. */
  record Range(String type, Map<String, String> parameters) {
    String parameter(String name) {
      return parameters.getOrDefault(name, "");
    }
  }

  /** The ranges in the order of the header, which is the order of preference of our clients. */
  static List<Range> ranges(Request request) {
    List<Range> all = new ArrayList<>();
    for (String header : request.headers().all("Accept")) {
      for (String range : header.split(",", -1)) {
        String[] parts = range.strip().split(";", -1);
        Map<String, String> parameters = new HashMap<>();
        for (int i = 1; i < parts.length; i++) {
          int equals = parts[i].indexOf('=');
          if (equals > 0) {
            parameters.put(
                parts[i].substring(0, equals).strip(), parts[i].substring(equals + 1).strip());
          }
        }
        if (!parts[0].isBlank()) {
          all.add(new Range(parts[0].strip().toLowerCase(Locale.ROOT), parameters));
        }
      }
    }
    return all;
  }

  /**
   * The first form that we speak.
   *
   * @throws ApiException 406 when there is none
   */
  static Form of(Request request) {
    List<Range> ranges = ranges(request);
    for (Range range : ranges) {
      Optional<Form> form = of(range);
      if (form.isPresent()) {
        return form.get();
      }
    }
    if (ranges.isEmpty()) {
      return PLAIN;
    }
    throw ApiException.notAcceptable("application/json");
  }

  private static Optional<Form> of(Range range) {
    boolean json =
        switch (range.type()) {
          case "application/json", "application/*", "*/*" -> true;
          default -> false;
        };
    if (!json) {
      return Optional.empty();
    }
    return switch (range.parameter("as")) {
      case "" -> Optional.of(PLAIN);
      case "Table" -> Optional.of(TABLE);
      case "PartialObjectMetadata", "PartialObjectMetadataList" -> Optional.of(METADATA);
      default -> Optional.empty();
    };
  }
}
