package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.k3sjvm.http.Response;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.select.Selection;
import org.k3sjvm.server.api.table.Tables;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.store.ObjectStore;
import org.k3sjvm.server.store.Snapshot;
import org.k3sjvm.server.store.StoreEvent;
import org.k3sjvm.server.store.StoreException;
import org.k3sjvm.server.store.StoreWatch;
import org.k3sjvm.server.store.StoreWatch.Next;
import org.k3sjvm.server.store.StoredObject;

/** Watches: one thread each, which waits for the store and writes to the client. */
final class Watches {
  private static final Duration BOOKMARK_EVERY = Duration.ofMinutes(1);
  private static final int SHORTEST_SECONDS = 1800;
  private static final String INITIAL_END = "k8s.io/initial-events-end";

  private final ObjectStore store;
  private final InstantSource clock;

  Watches(ObjectStore store, InstantSource clock) {
    this.store = store;
    this.clock = clock;
  }

  void watch(ApiRequest request, Kind kind, Response response)
      throws IOException, InterruptedException {
    Form form = Form.of(request.http());
    Selection selection = Lists.selection(request).named(request.name());
    String version = request.parameter("resourceVersion");
    boolean streamList = request.flag("sendInitialEvents");
    boolean all = version.isEmpty() || version.equals("0") || streamList;
    String prefix = prefix(request, kind, selection);
    Snapshot initial =
        all
            ? store.list(prefix, "", 0)
            : new Snapshot(revision(version), java.util.List.of(), false);
    try (StoreWatch watch = open(prefix, initial.revision())) {
      response.status(200).header("Content-Type", "application/json");
      response.header("Cache-Control", "no-cache, private");
      response.onClientGone(Thread.currentThread()::interrupt);
      try (OutputStream out = response.body()) {
        Writer writer = new Writer(request, kind, form, out);
        boolean sendAll = streamList || !request.http().query().has("sendInitialEvents");
        for (StoredObject object :
            sendAll ? initial.objects() : java.util.List.<StoredObject>of()) {
          if (selection.all() || selection.matches(Trees.parse(object.value()))) {
            writer.event("ADDED", object.value());
          }
        }
        if (streamList && request.flag("allowWatchBookmarks")) {
          writer.bookmark(initial.revision(), true);
        }
        out.flush();
        follow(request, watch, selection, writer, out);
      }
    }
  }

  /** A watch of one named object looks at that key alone. */
  private static String prefix(ApiRequest request, Kind kind, Selection selection) {
    Optional<String> name = selection.fields().required("metadata.name");
    boolean one = name.isPresent() && (!kind.namespaced() || !request.namespace().isEmpty());
    return one ? kind.key(request.namespace(), name.get()) : kind.prefix(request.namespace());
  }

  private static long revision(String version) {
    try {
      return Long.parseLong(version);
    } catch (NumberFormatException e) {
      throw ApiException.badRequest("invalid resource version: " + version);
    }
  }

  private StoreWatch open(String prefix, long since) throws InterruptedException {
    try {
      return store.watch(prefix, since);
    } catch (StoreException.Compacted e) {
      throw ApiException.expired(String.valueOf(e.getMessage()));
    }
  }

  private void follow(
      ApiRequest request, StoreWatch watch, Selection selection, Writer writer, OutputStream out)
      throws IOException, InterruptedException {
    Instant end = clock.instant().plus(timeout(request));
    Instant bookmark = clock.instant().plus(BOOKMARK_EVERY);
    boolean bookmarks = request.flag("allowWatchBookmarks");
    while (true) {
      Instant now = clock.instant();
      Instant wake = bookmarks && bookmark.isBefore(end) ? bookmark : end;
      Duration wait = Duration.between(now, wake);
      Next next = watch.take(wait.isNegative() ? Duration.ZERO : wait);
      switch (next) {
        case Next.Event(StoreEvent event) -> {
          Optional<String> type = type(event, selection);
          if (type.isPresent()) {
            writer.event(type.get(), event.object().value());
            out.flush();
          }
        }
        case Next.Quiet(long revision) -> {
          boolean over = !clock.instant().isBefore(end);
          if (bookmarks) {
            writer.bookmark(revision, false);
            out.flush();
          }
          bookmark = clock.instant().plus(BOOKMARK_EVERY);
          if (over) {
            return;
          }
        }
        case Next.Cut(String reason) -> {
          writer.error(ApiException.tooManyRequests("the watch was cut: " + reason));
          return;
        }
      }
      if (clock.instant().isAfter(end)) {
        return;
      }
    }
  }

  private static Duration timeout(ApiRequest request) {
    String text = request.parameter("timeoutSeconds");
    try {
      long seconds =
          text.isEmpty()
              ? RandomGenerator.getDefault().nextInt(SHORTEST_SECONDS, 2 * SHORTEST_SECONDS)
              : Long.parseLong(text);
      return Duration.ofSeconds(Math.clamp(seconds, 1, 24 * 3600));
    } catch (NumberFormatException e) {
      throw ApiException.badRequest("timeoutSeconds is no number: " + text);
    }
  }

  /** What a change means to somebody who sees only what is selected. */
  private static Optional<String> type(StoreEvent event, Selection selection) {
    boolean now =
        event.type() != StoreEvent.Type.DELETED
            && (selection.all() || selection.matches(Trees.parse(event.object().value())));
    boolean before =
        event.type() != StoreEvent.Type.CREATED
            && (selection.all()
                || event.before().map(b -> selection.matches(Trees.parse(b))).orElse(true));
    if (now) {
      return Optional.of(before ? "MODIFIED" : "ADDED");
    }
    return before ? Optional.of("DELETED") : Optional.empty();
  }

  /** Writes events in one form. */
  private final class Writer {
    private final ApiRequest request;
    private final Kind kind;
    private final Form form;
    private final OutputStream out;

    Writer(ApiRequest request, Kind kind, Form form, OutputStream out) {
      this.request = request;
      this.kind = kind;
      this.form = form;
      this.out = out;
    }

    void event(String type, byte[] object) throws IOException {
      write(
          type,
          switch (form) {
            case PLAIN -> object;
            case METADATA -> Trees.bytes(Tables.metadata(Trees.parse(object)));
            case TABLE ->
                Trees.bytes(Answers.table(request, kind, Trees.parse(object), clock.instant()));
          });
    }

    void bookmark(long revision, boolean initialEnd) throws IOException {
      ObjectNode object = Trees.object().put("kind", kind.kind());
      object.put("apiVersion", kind.apiVersion());
      ObjectNode meta = object.putObject("metadata");
      meta.put("resourceVersion", Long.toString(revision)).putNull("creationTimestamp");
      if (initialEnd) {
        meta.putObject("annotations").put(INITIAL_END, "true");
      }
      if (form == Form.TABLE) {
        object = Tables.empty(kind, Trees.object().put("resourceVersion", Long.toString(revision)));
      }
      write("BOOKMARK", Trees.bytes(object));
    }

    void error(ApiException e) throws IOException {
      write("ERROR", Trees.bytes(e.status()));
      out.flush();
    }

    private void write(String type, byte[] object) throws IOException {
      out.write(("{\"type\":\"" + type + "\",\"object\":").getBytes(StandardCharsets.US_ASCII));
      out.write(object);
      out.write('}');
      out.write('\n');
    }
  }
}
