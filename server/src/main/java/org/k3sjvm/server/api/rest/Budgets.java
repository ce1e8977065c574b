package org.k3sjvm.server.api.rest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.k3sjvm.server.api.ApiException;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.select.FieldSelector;
import org.k3sjvm.server.api.select.LabelSelector;
import org.k3sjvm.server.api.select.Selection;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/** Pod disruption budgets, counted when an eviction asks. */
final class Budgets {
  private final Registry registry;

  Budgets(Registry registry) {
    this.registry = registry;
  }

  /** Passes when every budget of the pod leaves room for one more disruption. */
  void check(ObjectNode pod) {
    String namespace = Meta.namespace(pod);
    for (ObjectNode budget : registry.list(Kinds.PDB, namespace, Selection.ALL)) {
      LabelSelector selector = LabelSelector.of(Trees.at(budget, "spec", "selector"));
      if (!selector.matches(Trees.at(pod, "metadata", "labels"))) {
        continue;
      }
      List<ObjectNode> pods =
          registry.list(Kinds.POD, namespace, new Selection(selector, FieldSelector.ALL));
      long healthy = pods.stream().filter(Budgets::healthy).count();
      long needed = needed(budget, pods.size());
      boolean counts = healthy(pod);
      if (counts && healthy - 1 < needed) {
        throw ApiException.budget(
            "The disruption budget "
                + Meta.name(budget)
                + " needs "
                + needed
                + " healthy pods and has "
                + healthy
                + " currently");
      }
    }
  }

  private static long needed(ObjectNode budget, int pods) {
    JsonNode least = Trees.at(budget, "spec", "minAvailable");
    JsonNode most = Trees.at(budget, "spec", "maxUnavailable");
    return least.isMissingNode() ? pods - share(most, pods) : share(least, pods);
  }

  private static long share(JsonNode value, int of) {
    String text = value.asText("0");
    return text.endsWith("%")
        ? (Long.parseLong(text.substring(0, text.length() - 1)) * of + 99) / 100
        : Long.parseLong(text);
  }

  private static boolean healthy(ObjectNode pod) {
    return !Meta.deleting(pod)
        && Trees.find(Trees.at(pod, "status", "conditions"), "type", "Ready")
            .filter(condition -> Trees.text(condition, "status").equals("True"))
            .isPresent();
  }
}
