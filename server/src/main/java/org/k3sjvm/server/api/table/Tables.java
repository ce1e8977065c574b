package org.k3sjvm.server.api.table;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import org.k3sjvm.server.api.kind.Kind;
import org.k3sjvm.server.api.tree.Trees;

/** Makes {@code meta.k8s.io/v1 Table}. */
public final class Tables {
  private Tables() {}

  /** What a row carries of its object. */
  public enum Include {
    NONE,
    METADATA,
    OBJECT
  }

  /**
   * A table without rows.
   *
   * @param meta the metadata of the list
   */
  public static ObjectNode empty(Kind kind, ObjectNode meta) {
    ObjectNode table = Trees.object().put("kind", "Table").put("apiVersion", "meta.k8s.io/v1");
    table.set("metadata", meta);
    ArrayNode definitions = table.putArray("columnDefinitions");
    for (Columns.Column column : Layouts.of(kind).list()) {
      definitions
          .addObject()
          .put("name", column.name())
          .put("type", column.type())
          .put("format", column.name().equals("Name") ? "name" : "")
          .put("description", column.name())
          .put("priority", column.wide() ? 1 : 0);
    }
    table.putArray("rows");
    return table;
  }

  /** Adds a row for an object. */
  public static void add(
      ObjectNode table, Kind kind, ObjectNode object, Include include, Instant now) {
    List<Columns.Column> columns = Layouts.of(kind).list();
    ObjectNode row = ((ArrayNode) table.get("rows")).addObject();
    ArrayNode cells = row.putArray("cells");
    for (Columns.Column column : columns) {
      cells.addPOJO(column.cell().apply(object, now));
    }
    switch (include) {
      case NONE -> {}
      case METADATA -> row.set("object", metadata(object));
      case OBJECT -> row.set("object", object);
    }
  }

  /** {@code meta.k8s.io/v1 PartialObjectMetadata} of an object. */
  public static ObjectNode metadata(ObjectNode object) {
    ObjectNode partial =
        Trees.object().put("kind", "PartialObjectMetadata").put("apiVersion", "meta.k8s.io/v1");
    partial.set("metadata", object.path("metadata"));
    return partial;
  }
}
