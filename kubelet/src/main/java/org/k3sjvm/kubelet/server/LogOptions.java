package org.k3sjvm.kubelet.server;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.OptionalLong;
import org.k3sjvm.http.Query;

/**
 * What part of a log, and how. Source: core/v1 PodLogOptions, and kubelet v1.36.3 getContainerLogs.
 *
 * @param tailLines entries from the end; empty for all
 * @param limitBytes at most so many bytes of output; empty for no limit
 * @param since entries not older
 */
record LogOptions(
    boolean follow,
    boolean previous,
    boolean timestamps,
    OptionalLong tailLines,
    OptionalLong limitBytes,
    Optional<Instant> since,
    Stream stream) {

  enum Stream {
    ALL,
    STDOUT,
    STDERR
  }

  /**
   * Reads the parameters of the request.
   *
   * @throws ApiError 400 when one cannot be read, 422 when they cannot be meant
   */
  static LogOptions of(Query query, Instant now) {
    OptionalLong tail = number(query, "tailLines");
    if (tail.isEmpty() && query.has("tail")) {
      tail = query.first("tail").orElse("").equals("all") ? tail : number(query, "tail");
    }
    OptionalLong sinceSeconds = number(query, "sinceSeconds");
    Optional<Instant> sinceTime = time(query, "sinceTime");
    OptionalLong limit = number(query, "limitBytes");
    if ((sinceSeconds.isPresent() && (sinceTime.isPresent() || sinceSeconds.getAsLong() < 1))
        || (tail.isPresent() && tail.getAsLong() < 0)
        || (limit.isPresent() && limit.getAsLong() < 1)) {
      throw new ApiError(422, "{\"message\": \"Invalid request.\"}");
    }
    Stream stream =
        switch (query.first("stream").orElse("")) {
          case "", "All" -> Stream.ALL;
          case "Stdout" -> Stream.STDOUT;
          case "Stderr" -> Stream.STDERR;
          default -> throw new ApiError(422, "{\"message\": \"Invalid request.\"}");
        };
    return new LogOptions(
        flag(query, "follow"),
        flag(query, "previous"),
        flag(query, "timestamps"),
        tail,
        limit,
        sinceSeconds.isPresent()
            ? Optional.of(now.minusSeconds(Math.min(sinceSeconds.getAsLong(), 1L << 40)))
            : sinceTime,
        stream);
  }

  private static boolean flag(Query query, String name) {
    return switch (query.first(name).orElse("false")) {
      case "true", "1", "t", "T", "TRUE", "True", "" -> query.has(name);
      case "false", "0", "f", "F", "FALSE", "False" -> false;
      default -> throw new ApiError(400, "{\"message\": \"Unable to decode query.\"}");
    };
  }

  private static OptionalLong number(Query query, String name) {
    Optional<String> text = query.first(name).filter(value -> !value.isEmpty());
    try {
      return text.isEmpty() ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(text.get()));
    } catch (NumberFormatException e) {
      throw new ApiError(400, "{\"message\": \"Unable to decode query.\"}");
    }
  }

  private static Optional<Instant> time(Query query, String name) {
    Optional<String> text = query.first(name).filter(value -> !value.isEmpty());
    try {
      return text.map(value -> OffsetDateTime.parse(value).toInstant());
    } catch (DateTimeException e) {
      throw new ApiError(400, "{\"message\": \"Unable to decode query.\"}");
    }
  }
}
