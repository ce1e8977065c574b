package org.k3sjvm.kube;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.util.TokenBuffer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A watch over an open answer. Events are decoded from the stream into the model class as they
 * come; no event is held as text.
 */
final class HttpWatch<T extends HasMetadata> implements Watch<T> {
  /** Bookmarks come once a minute; two that are missing mean a dead connection. */
  private static final Duration BOOKMARK_PATIENCE = Duration.ofSeconds(150);

  private final String attempt;
  private final Class<T> type;
  private final GuardedBody body;
  private final long bytesPerEvent;
  private final long endNanos;
  private boolean bookmarks;
  private @Nullable JsonParser parser;

  HttpWatch(String attempt, Class<T> type, GuardedBody body, Duration atMost, long bytesPerEvent) {
    this.attempt = attempt;
    this.type = type;
    this.body = body;
    this.bytesPerEvent = bytesPerEvent;
    this.endNanos = System.nanoTime() + atMost.toNanos();
  }

  @Override
  public Optional<WatchEvent<T>> next() throws InterruptedException {
    try {
      body.allow(bytesPerEvent);
      JsonParser events = events();
      JsonToken token = events.nextToken();
      if (token == null) {
        return Optional.empty();
      }
      if (token != JsonToken.START_OBJECT) {
        throw new KubeException.Unavailable(attempt, "the server sent no watch event", null);
      }
      WatchEvent<T> event = readEvent(events);
      bookmarks |= event instanceof WatchEvent.Bookmark<T>;
      if (bookmarks) {
        long left = Math.min(BOOKMARK_PATIENCE.toNanos(), endNanos - System.nanoTime());
        body.extend(Duration.ofNanos(left));
      }
      return Optional.of(event);
    } catch (IOException e) {
      throw Failures.of(attempt, e);
    }
  }

  @Override
  public void close() {
    body.cut("the watch was closed");
  }

  /** Made by the first read, because making it waits for the first bytes. */
  private JsonParser events() throws IOException {
    JsonParser events = parser;
    if (events == null) {
      events = KubeJson.mapper().createParser(body);
      parser = events;
    }
    return events;
  }

  private WatchEvent<T> readEvent(JsonParser parser) throws IOException {
    String kind = "";
    Optional<TokenBuffer> early = Optional.empty();
    Optional<WatchEvent<T>> event = Optional.empty();
    for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
      parser.nextToken();
      if (field.equals("type")) {
        kind = parser.getText();
      } else if (!field.equals("object")) {
        parser.skipChildren();
      } else if (kind.isEmpty()) {
        TokenBuffer buffer = new TokenBuffer(parser);
        buffer.copyCurrentStructure(parser);
        early = Optional.of(buffer);
      } else {
        event = Optional.of(decode(kind, parser));
      }
    }
    if (event.isEmpty() && early.isPresent()) {
      try (TokenBuffer buffer = early.get();
          JsonParser again = buffer.asParserOnFirstToken()) {
        event = Optional.of(decode(kind, again));
      }
    }
    return event.orElseThrow(
        () -> new KubeException.Unavailable(attempt, "the server sent half an event", null));
  }

  private WatchEvent<T> decode(String kind, JsonParser from) throws IOException {
    return switch (kind) {
      case "ADDED" -> new WatchEvent.Added<>(object(from));
      case "MODIFIED" -> new WatchEvent.Modified<>(object(from));
      case "DELETED" -> new WatchEvent.Deleted<>(object(from));
      case "BOOKMARK" -> {
        JsonNode tree = KubeJson.mapper().readTree(from);
        yield new WatchEvent.Bookmark<>(tree.at("/metadata/resourceVersion").asText());
      }
      case "ERROR" -> throw Failures.ofStatus(attempt, KubeJson.mapper().readTree(from));
      default -> throw new KubeException.Unavailable(attempt, "unknown watch event " + kind, null);
    };
  }

  private T object(JsonParser from) throws IOException {
    return KubeJson.mapper().readValue(from, type);
  }
}
