package org.k3sjvm.server.control.schedule;

import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.text;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.k3sjvm.server.control.cluster.Fields;

/** Where a pod goes: the decision, without effects. */
public sealed interface Placement {
  /** On that node. */
  record On(NodeLoad node) implements Placement {}

  /** Nowhere now; the message says what each node lacks. */
  record Nowhere(String message) implements Placement {}

  /** Weights of the scores. Source: kube-scheduler v1.36 default plugins. */
  int SPREAD_WEIGHT = 2;

  int PREFERENCE_WEIGHT = 2;
  int SOFT_TAINT_WEIGHT = 3;

  /** A node that may take the pod, with what it is worth. */
  record Candidate(NodeLoad node, long score) {}

  /** Chooses the best of the nodes that can take the pod. */
  static Placement of(Pod pod, PodDemand demand, List<NodeLoad> nodes) {
    if (nodes.isEmpty()) {
      return new Nowhere("no nodes available to schedule pods");
    }
    Map<String, Integer> reasons = new TreeMap<>();
    List<NodeLoad> fitting = new ArrayList<>();
    for (NodeLoad node : nodes) {
      List<String> obstacles = obstacles(pod, demand, node);
      if (obstacles.isEmpty()) {
        fitting.add(node);
      }
      obstacles.forEach(reason -> reasons.merge(reason, 1, Integer::sum));
    }
    if (fitting.isEmpty()) {
      return new Nowhere(message(nodes.size(), reasons));
    }
    return new On(best(pod, demand, fitting));
  }

  /** Why a node cannot take the pod, from the first rule that says so; empty when it can. */
  static List<String> obstacles(Pod pod, PodDemand demand, NodeLoad node) {
    List<Toleration> tolerations = list(pod.getSpec().getTolerations());
    if (node.isUnschedulable() && !Tolerations.tolerates(tolerations, unschedulableTaint())) {
      return List.of("node(s) were unschedulable");
    }
    var forbidding = Tolerations.firstForbidding(node.taints(), tolerations);
    if (forbidding.isPresent()) {
      Taint taint = forbidding.get();
      return List.of(
          "node(s) had untolerated taint {" + taint.getKey() + ": " + text(taint.getValue()) + "}");
    }
    if (!NodeAffinities.matches(pod.getSpec(), node.name(), node.labels())) {
      return List.of("node(s) didn't match Pod's node affinity/selector");
    }
    if (!node.hasPortsFree(demand)) {
      return List.of("node(s) didn't have free ports for the requested pod ports");
    }
    return node.lacking(demand);
  }

  private static String message(int nodes, Map<String, Integer> reasons) {
    return reasons.entrySet().stream()
        .map(entry -> entry.getValue() + " " + entry.getKey())
        .sorted()
        .collect(Collectors.joining(", ", "0/" + nodes + " nodes are available: ", "."));
  }

  private static NodeLoad best(Pod pod, PodDemand demand, List<NodeLoad> fitting) {
    String owner = ownerUid(pod);
    int mostOfOwner = fitting.stream().mapToInt(node -> node.podsOf(owner)).max().orElse(0);
    long strongest =
        Math.max(1, fitting.stream().mapToLong(n -> preference(pod, n)).max().orElse(1));
    int mostSoft = fitting.stream().mapToInt(node -> softTaints(pod, node)).max().orElse(0);
    return fitting.stream()
        .map(
            node ->
                new Candidate(
                    node,
                    node.leftOver(demand)
                        + SPREAD_WEIGHT * fewer(node.podsOf(owner), mostOfOwner)
                        + PREFERENCE_WEIGHT * (preference(pod, node) * 100 / strongest)
                        + SOFT_TAINT_WEIGHT * fewer(softTaints(pod, node), mostSoft)))
        .min(
            Comparator.comparingLong((Candidate candidate) -> -candidate.score())
                .thenComparingInt(candidate -> candidate.node().pods())
                .thenComparing(candidate -> candidate.node().name()))
        .orElseThrow()
        .node();
  }

  private static long preference(Pod pod, NodeLoad node) {
    return NodeAffinities.preference(pod.getSpec(), node.name(), node.labels());
  }

  /** 100 for none, 0 for as many as any. */
  private static long fewer(int count, int most) {
    return most == 0 ? 100 : (most - count) * 100L / most;
  }

  private static int softTaints(Pod pod, NodeLoad node) {
    List<Toleration> tolerations = list(pod.getSpec().getTolerations());
    return (int)
        node.taints().stream()
            .filter(taint -> text(taint.getEffect()).equals("PreferNoSchedule"))
            .filter(taint -> !Tolerations.tolerates(tolerations, taint))
            .count();
  }

  /** Empty when nothing controls the pod. */
  static String ownerUid(Pod pod) {
    return Fields.controllerOf(pod).map(owner -> text(owner.getUid())).orElse("");
  }

  private static Taint unschedulableTaint() {
    Taint taint = new Taint();
    taint.setKey("node.kubernetes.io/unschedulable");
    taint.setEffect("NoSchedule");
    return taint;
  }
}
