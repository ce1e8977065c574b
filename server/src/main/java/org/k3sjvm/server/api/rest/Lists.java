package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.k3sjvm.http.Response;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.select.LabelSelector;
import org.k3sjvm.server.api.select.Selection;
import org.k3sjvm.server.api.table.Tables;
import org.k3sjvm.server.api.tree.Trees;
import org.k3sjvm.server.store.ObjectStore;
import org.k3sjvm.server.store.Snapshot;
import org.k3sjvm.server.store.StoredObject;

/**
 * Lists. Objects go out as the bytes that are stored unless a selector or another form asks to look
 * inside.
 *
 * <p>Later pages show objects as they are then, under the resource version of the first page: a
 * watch from there tells every change again, so a client ends up right.
 */
final class Lists {
  private final ObjectStore store;
  private final InstantSource clock;

  Lists(ObjectStore store, InstantSource clock) {
    this.store = store;
    this.clock = clock;
  }

  /** Where the next page begins, as a client carries it. */
  private record Page(long revision, String after) {
    static final Page FIRST = new Page(0, "");

    String token() {
      return Base64.getUrlEncoder()
          .withoutPadding()
          .encodeToString((revision + " " + after).getBytes(StandardCharsets.UTF_8));
    }

    static Page parse(Kind kind, String token) {
      if (token.isEmpty()) {
        return FIRST;
      }
      try {
        String text = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
        int space = text.indexOf(' ');
        Page page = new Page(Long.parseLong(text.substring(0, space)), text.substring(space + 1));
        if (page.after().startsWith(kind.prefix())) {
          return page;
        }
      } catch (IllegalArgumentException | StringIndexOutOfBoundsException _) {
        // Said below.
      }
      throw ApiException.badRequest("continue key is not valid");
    }
  }

  /** What was found, and where to go on. */
  private record Found(long revision, List<StoredObject> objects, String next) {}

  static Selection selection(ApiRequest request) {
    String labels = request.parameter("labelSelector");
    return new Selection(
        labels.isEmpty() ? LabelSelector.EVERYTHING : LabelSelector.parse(labels),
        request.fields());
  }

  void list(ApiRequest request, Kind kind, Response response) throws IOException {
    Form form = Form.of(request.http());
    Found found = find(request, kind);
    ObjectNode meta = Trees.object().put("resourceVersion", Long.toString(found.revision()));
    if (!found.next().isEmpty()) {
      meta.put("continue", found.next());
    }
    response.status(200).header("Content-Type", "application/json");
    response.header("Cache-Control", "no-cache, private");
    switch (form) {
      case PLAIN -> write(response, kind.kind() + "List", kind.apiVersion(), meta, found.objects());
      case METADATA ->
          write(
              response,
              "PartialObjectMetadataList",
              "meta.k8s.io/v1",
              meta,
              found.objects().stream()
                  .map(
                      o ->
                          new StoredObject(
                              o.key(),
                              o.revision(),
                              Trees.bytes(Tables.metadata(Trees.parse(o.value())))))
                  .toList());
      case TABLE -> {
        ObjectNode table = Tables.empty(kind, meta);
        for (StoredObject object : found.objects()) {
          Tables.add(
              table, kind, Trees.parse(object.value()), Answers.include(request), clock.instant());
        }
        response.send(Trees.bytes(table));
      }
    }
  }

  private Found find(ApiRequest request, Kind kind) {
    Selection selection = selection(request);
    int limit = limit(request);
    Page page = Page.parse(kind, request.parameter("continue"));
    String prefix = kind.prefix(request.namespace());
    List<StoredObject> objects = new ArrayList<>();
    String after = page.after();
    long revision = page.revision();
    while (true) {
      Snapshot snapshot = store.list(prefix, after, limit);
      revision = revision == 0 ? snapshot.revision() : revision;
      for (StoredObject object : snapshot.objects()) {
        after = object.key();
        if (selection.all() || selection.matches(Trees.parse(object.value()))) {
          objects.add(object);
          if (limit > 0 && objects.size() == limit) {
            boolean last =
                !snapshot.more() && object.key().equals(snapshot.objects().getLast().key());
            return new Found(revision, objects, last ? "" : new Page(revision, after).token());
          }
        }
      }
      if (!snapshot.more()) {
        return new Found(revision, objects, "");
      }
    }
  }

  private static int limit(ApiRequest request) {
    String text = request.parameter("limit");
    try {
      return text.isEmpty() ? 0 : Math.max(0, Integer.parseInt(text));
    } catch (NumberFormatException e) {
      throw ApiException.badRequest("limit is no number: " + text);
    }
  }

  private static void write(
      Response response,
      String kind,
      String apiVersion,
      ObjectNode meta,
      List<StoredObject> objects)
      throws IOException {
    try (OutputStream out = response.body()) {
      String head =
          "{\"kind\":\""
              + kind
              + "\",\"apiVersion\":\""
              + apiVersion
              + "\",\"metadata\":"
              + meta
              + ",\"items\":[";
      out.write(head.getBytes(StandardCharsets.UTF_8));
      boolean first = true;
      for (StoredObject object : objects) {
        if (!first) {
          out.write(',');
        }
        first = false;
        out.write(object.value());
      }
      out.write(']');
      out.write('}');
    }
  }
}
