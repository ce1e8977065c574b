package org.k3sjvm.server.api.access;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;
import org.k3sjvm.server.api.access.Authorizer.Decision;
import org.k3sjvm.server.api.kind.Kinds;
import org.k3sjvm.server.api.registry.Registry;
import org.k3sjvm.server.api.select.FieldSelector;
import org.k3sjvm.server.api.select.LabelSelector;
import org.k3sjvm.server.api.select.Selection;
import org.k3sjvm.server.api.tree.Meta;
import org.k3sjvm.server.api.tree.Trees;

/**
 * What a kubelet may: its own node and lease, the pods bound to it, and what those pods name. Asks
 * the store each time, so that a pod that was bound a moment ago counts. Source: kube-apiserver
 * v1.32 plugin/pkg/auth/authorizer/node with AuthorizeNodeWithSelectors.
 */
final class NodeAuthorizer {
  private static final String LEASES = "kube-node-lease";
  private static final Set<String> WRITES_EVENTS = Set.of("create", "patch", "update");
  private static final Set<String> LEASE_VERBS =
      Set.of("get", "create", "update", "patch", "delete");

  private final Registry registry;

  NodeAuthorizer(Registry registry) {
    this.registry = registry;
  }

  Decision decide(String node, Attributes asked) {
    return switch (asked.group()) {
      case "" -> core(node, asked);
      case "coordination.k8s.io" ->
          Decision.of(
              asked.full().equals("leases")
                  && asked.namespace().equals(LEASES)
                  && LEASE_VERBS.contains(asked.verb())
                  && (asked.name().equals(node) || asked.verb().equals("create")));
      case "events.k8s.io" ->
          Decision.of(asked.full().equals("events") && WRITES_EVENTS.contains(asked.verb()));
      case "authentication.k8s.io" ->
          Decision.of(asked.full().equals("tokenreviews") && asked.verb().equals("create"));
      case "authorization.k8s.io" ->
          Decision.of(
              asked.full().endsWith("subjectaccessreviews") && asked.verb().equals("create"));
      case "node.k8s.io" -> Decision.of(asked.full().equals("runtimeclasses") && asked.reads());
      case "storage.k8s.io" -> storage(node, asked);
      default -> Decision.NO;
    };
  }

  private Decision core(String node, Attributes asked) {
    return switch (asked.full()) {
      case "nodes" -> nodes(node, asked);
      case "nodes/status" ->
          own(node, asked.name(), Set.of("get", "patch", "update").contains(asked.verb()));
      case "services" -> Decision.of(asked.reads());
      case "events" -> Decision.of(WRITES_EVENTS.contains(asked.verb()));
      case "pods" -> pods(node, asked);
      case "pods/status" -> bound(node, asked, Set.of("get", "patch", "update"));
      case "pods/eviction" -> bound(node, asked, Set.of("create"));
      case "secrets", "configmaps", "persistentvolumeclaims" -> referenced(node, asked);
      case "persistentvolumes" -> Decision.of(asked.verb().equals("get"));
      case "persistentvolumeclaims/status" -> referenced(node, asked);
      case "serviceaccounts" -> Decision.of(asked.verb().equals("get") && usesAccount(node, asked));
      case "serviceaccounts/token" ->
          Decision.of(asked.verb().equals("create") && usesAccount(node, asked));
      default -> Decision.NO;
    };
  }

  private static Decision nodes(String node, Attributes asked) {
    return switch (asked.verb()) {
      case "create" -> Decision.YES;
      case "get", "list", "watch", "patch", "update" -> own(node, asked.name(), true);
      default -> Decision.NO;
    };
  }

  private static Decision own(String node, String name, boolean verbIsFine) {
    return verbIsFine && name.equals(node)
        ? Decision.YES
        : Decision.no("node '" + node + "' can only read or change its own Node");
  }

  private Decision pods(String node, Attributes asked) {
    return switch (asked.verb()) {
      case "create" -> Decision.YES;
      case "get", "delete" -> bound(node, asked, Set.of("get", "delete"));
      case "list", "watch" ->
          asked
                  .fields()
                  .flatMap(fields -> fields.required("spec.nodeName"))
                  .filter(node::equals)
                  .isPresent()
              ? Decision.YES
              : asked.name().isEmpty()
                  ? Decision.no("can only list/watch pods with spec.nodeName field selector")
                  : bound(node, asked, Set.of("list", "watch"));
      default -> Decision.NO;
    };
  }

  private Decision bound(String node, Attributes asked, Set<String> verbs) {
    boolean mine =
        registry
            .find(Kinds.POD, asked.namespace(), asked.name())
            .map(pod -> Trees.text(pod, "spec", "nodeName").equals(node))
            // Gone already: the kubelet shall hear 404, which tells it nothing new. A watch would
            // go
            // on to the next pod of that name, whoever runs it.
            .orElse(!asked.verb().equals("watch") && !asked.verb().equals("list"));
    return verbs.contains(asked.verb()) && mine
        ? Decision.YES
        : Decision.no("no relationship found between node '" + node + "' and this object");
  }

  private static Decision storage(String node, Attributes asked) {
    return switch (asked.full()) {
      case "csinodes" ->
          own(node, asked.name(), true).allowed() || asked.verb().equals("create")
              ? Decision.YES
              : Decision.no("can only access CSINode with the same name as the requesting node");
      case "csidrivers" -> Decision.of(asked.reads());
      case "volumeattachments" -> Decision.of(asked.verb().equals("get"));
      default -> Decision.NO;
    };
  }

  private Decision referenced(String node, Attributes asked) {
    if (asked.name().isEmpty()) {
      return Decision.no("can only read namespaced object of this type by name");
    }
    boolean fine = asked.reads() || asked.subresource().equals("status");
    if (fine) {
      for (ObjectNode pod : podsOf(node, asked.namespace())) {
        if (PodReferences.names(pod, asked.resource()).contains(asked.name())) {
          return Decision.YES;
        }
      }
    }
    return Decision.no("no relationship found between node '" + node + "' and this object");
  }

  private boolean usesAccount(String node, Attributes asked) {
    for (JsonNode pod : podsOf(node, asked.namespace())) {
      if (Trees.text(pod, "spec", "serviceAccountName").equals(asked.name())) {
        return true;
      }
    }
    return false;
  }

  private List<ObjectNode> podsOf(String node, String namespace) {
    FieldSelector onNode =
        new FieldSelector(List.of(new FieldSelector.Requirement("spec.nodeName", node, true)));
    return registry
        .list(Kinds.POD, namespace, new Selection(LabelSelector.EVERYTHING, onNode))
        .stream()
        .filter(pod -> Meta.annotation(pod, "kubernetes.io/config.mirror").isEmpty())
        .toList();
  }
}
