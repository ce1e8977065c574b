package org.k3sjvm.server.control.node;

import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.text;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.Taint;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.server.control.cluster.Fields;

/**
 * The taints that follow from a node's conditions; taints of others stay as they are. Source:
 * kube-controller-manager v1.36 pkg/controller/nodelifecycle.
 */
final class NodeTaints {
  static final String NOT_READY = "node.kubernetes.io/not-ready";
  static final String UNREACHABLE = "node.kubernetes.io/unreachable";
  private static final String UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
  private static final String NO_SCHEDULE = "NoSchedule";
  private static final String NO_EXECUTE = "NoExecute";

  private static final Map<String, String> BY_CONDITION =
      Map.of(
          "MemoryPressure", "node.kubernetes.io/memory-pressure",
          "DiskPressure", "node.kubernetes.io/disk-pressure",
          "PIDPressure", "node.kubernetes.io/pid-pressure",
          "NetworkUnavailable", "node.kubernetes.io/network-unavailable");

  private static final Set<String> OURS =
      Set.of(
          NOT_READY,
          UNREACHABLE,
          UNSCHEDULABLE,
          "node.kubernetes.io/memory-pressure",
          "node.kubernetes.io/disk-pressure",
          "node.kubernetes.io/pid-pressure",
          "node.kubernetes.io/network-unavailable");

  private record Wanted(String key, String effect) {}

  private NodeTaints() {}

  static List<Taint> present(Node node) {
    return node.getSpec() == null ? List.of() : list(node.getSpec().getTaints());
  }

  /** All taints that the node should have; those that it has keep their time and place. */
  static List<Taint> wanted(Node node, Instant now) {
    List<Wanted> missing = new ArrayList<>(fromConditions(node));
    List<Taint> result = new ArrayList<>();
    for (Taint taint : present(node)) {
      boolean wanted = missing.remove(new Wanted(taint.getKey(), text(taint.getEffect())));
      if (wanted || !OURS.contains(taint.getKey())) {
        result.add(taint);
      }
    }
    missing.forEach(one -> result.add(taint(one, now)));
    return result;
  }

  private static List<Wanted> fromConditions(Node node) {
    List<Wanted> wanted = new ArrayList<>();
    if (node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable())) {
      wanted.add(new Wanted(UNSCHEDULABLE, NO_SCHEDULE));
    }
    switch (readiness(node)) {
      case "True" -> {}
      case "False" -> {
        wanted.add(new Wanted(NOT_READY, NO_SCHEDULE));
        wanted.add(new Wanted(NOT_READY, NO_EXECUTE));
      }
      case "Unknown" -> {
        wanted.add(new Wanted(UNREACHABLE, NO_SCHEDULE));
        wanted.add(new Wanted(UNREACHABLE, NO_EXECUTE));
      }
      default -> wanted.add(new Wanted(NOT_READY, NO_SCHEDULE)); // it has not said anything yet
    }
    for (NodeCondition condition : conditions(node)) {
      String key = BY_CONDITION.get(text(condition.getType()));
      if (key != null && "True".equals(condition.getStatus())) {
        wanted.add(new Wanted(key, NO_SCHEDULE));
      }
    }
    return wanted;
  }

  private static Taint taint(Wanted wanted, Instant now) {
    Taint taint = new Taint();
    taint.setKey(wanted.key());
    taint.setEffect(wanted.effect());
    taint.setTimeAdded(Fields.time(now));
    return taint;
  }

  /** The status of the Ready condition; empty when there is none. */
  static String readiness(Node node) {
    return condition(node, "Ready").map(ready -> text(ready.getStatus())).orElse("");
  }

  static Optional<NodeCondition> condition(Node node, String type) {
    return conditions(node).stream().filter(one -> type.equals(one.getType())).findFirst();
  }

  static List<NodeCondition> conditions(Node node) {
    return node.getStatus() == null ? List.of() : list(node.getStatus().getConditions());
  }

  /** Those that drive pods away. */
  static List<Taint> driving(Node node) {
    return present(node).stream().filter(taint -> NO_EXECUTE.equals(taint.getEffect())).toList();
  }
}
