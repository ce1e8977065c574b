package org.k3sjvm.server.api.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.server.api.tree.Trees;

/**
 * The directive {@code $setElementOrder}: elements that it names come in its order, the others keep
 * their place relative to them.
 */
final class ElementOrder {
  private ElementOrder() {}

  private record Placed(JsonNode element, int before) {}

  static ArrayNode sort(ArrayNode list, ArrayNode order, Optional<String> mergeKey) {
    List<Placed> named = new ArrayList<>();
    List<Placed> others = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      Placed placed = new Placed(list.get(i), i);
      if (rank(list.get(i), order, mergeKey) < 0) {
        others.add(placed);
      } else {
        named.add(placed);
      }
    }
    named.sort(Comparator.comparingInt(p -> rank(p.element(), order, mergeKey)));
    ArrayNode result = Trees.array();
    int next = 0;
    for (Placed placed : named) {
      while (next < others.size() && others.get(next).before() < placed.before()) {
        result.add(others.get(next++).element());
      }
      result.add(placed.element());
    }
    while (next < others.size()) {
      result.add(others.get(next++).element());
    }
    return result;
  }

  private static int rank(JsonNode element, ArrayNode order, Optional<String> mergeKey) {
    for (int i = 0; i < order.size(); i++) {
      JsonNode one = order.get(i);
      boolean same =
          mergeKey
              .map(key -> one.path(key).equals(element.path(key)))
              .orElseGet(() -> one.equals(element));
      if (same) {
        return i;
      }
    }
    return -1;
  }
}
