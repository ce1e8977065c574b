package org.k3sjvm.server.api.table;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.k3sjvm.server.api.tree.Meta;

/** The columns of a kind, built one by one. */
final class Columns {
  private final List<Column> all = new ArrayList<>();

  /**
   * One column.
   *
   * @param wide whether only {@code -o wide} shows it
   * @param cell a String, Integer or Long
   */
  record Column(
      String name, String type, boolean wide, BiFunction<ObjectNode, Instant, Object> cell) {}

  private Columns() {}

  /** Begins with the name. */
  static Columns named() {
    return new Columns().text("Name", Meta::name);
  }

  static Columns empty() {
    return new Columns();
  }

  Columns text(String name, Function<ObjectNode, Object> cell) {
    all.add(new Column(name, "string", false, (object, _) -> cell.apply(object)));
    return this;
  }

  Columns number(String name, Function<ObjectNode, Object> cell) {
    all.add(new Column(name, "integer", false, (object, _) -> cell.apply(object)));
    return this;
  }

  Columns wide(String name, Function<ObjectNode, Object> cell) {
    all.add(new Column(name, "string", true, (object, _) -> cell.apply(object)));
    return this;
  }

  Columns timed(String name, BiFunction<ObjectNode, Instant, Object> cell) {
    all.add(new Column(name, "string", false, cell));
    return this;
  }

  Columns wideTimed(String name, BiFunction<ObjectNode, Instant, Object> cell) {
    all.add(new Column(name, "string", true, cell));
    return this;
  }

  Columns age() {
    return timed("Age", (object, now) -> Ages.since(object, now, "metadata", "creationTimestamp"));
  }

  List<Column> list() {
    return List.copyOf(all);
  }
}
