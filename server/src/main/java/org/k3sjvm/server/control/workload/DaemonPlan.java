package org.k3sjvm.server.control.workload;

import static org.k3sjvm.server.control.cluster.Fields.labels;
import static org.k3sjvm.server.control.cluster.Fields.list;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.server.control.cluster.Fields;
import org.k3sjvm.server.control.cluster.Pods;
import org.k3sjvm.server.control.schedule.NodeAffinities;
import org.k3sjvm.server.control.schedule.Tolerations;

/**
 * What a DaemonSet does next: the decision, without effects. Source: kube-controller-manager v1.36
 * pkg/controller/daemon.
 *
 * @param createOn the nodes that get a pod
 * @param delete the pods that go
 * @param status what to report
 */
record DaemonPlan(List<String> createOn, List<Pod> delete, DaemonSet.Status status) {
  /** Tells the templates of a DaemonSet apart. */
  static final String HASH_LABEL = "controller-revision-hash";

  DaemonPlan {
    createOn = List.copyOf(createOn);
    delete = List.copyOf(delete);
  }

  /** A daemon bears the troubles of its node. */
  static List<Toleration> tolerations(PodSpec spec) {
    List<Toleration> all = new ArrayList<>(list(spec.getTolerations()));
    all.add(exists("not-ready", "NoExecute"));
    all.add(exists("unreachable", "NoExecute"));
    all.add(exists("disk-pressure", "NoSchedule"));
    all.add(exists("memory-pressure", "NoSchedule"));
    all.add(exists("pid-pressure", "NoSchedule"));
    all.add(exists("unschedulable", "NoSchedule"));
    if (Boolean.TRUE.equals(spec.getHostNetwork())) {
      all.add(exists("network-unavailable", "NoSchedule"));
    }
    return all;
  }

  private static Toleration exists(String what, String effect) {
    return new Toleration(effect, "node.kubernetes.io/" + what, "Exists", null, null);
  }

  /** The node that a pod is made for. */
  static String nodeOf(Pod pod) {
    if (!Pods.nodeName(pod).isEmpty()) {
      return Pods.nodeName(pod);
    }
    return Optional.ofNullable(pod.getSpec().getAffinity())
        .map(affinity -> affinity.getNodeAffinity())
        .map(affinity -> affinity.getRequiredDuringSchedulingIgnoredDuringExecution())
        .stream()
        .flatMap(selector -> list(selector.getNodeSelectorTerms()).stream())
        .flatMap(term -> list(term.getMatchFields()).stream())
        .filter(field -> "metadata.name".equals(field.getKey()))
        .map(NodeSelectorRequirement::getValues)
        .filter(values -> !list(values).isEmpty())
        .map(List::getFirst)
        .findFirst()
        .orElse("");
  }

  /**
   * The plan.
   *
   * @param pods of the set, ended and ending ones too
   * @param hash of the newest template
   */
  static DaemonPlan of(DaemonSet set, List<Node> nodes, List<Pod> pods, String hash, Instant now) {
    PodSpec spec = set.templateCopy().getSpec();
    List<Toleration> tolerations = tolerations(spec);
    Map<String, List<Pod>> byNode = new HashMap<>();
    pods.forEach(pod -> byNode.computeIfAbsent(nodeOf(pod), _ -> new ArrayList<>()).add(pod));
    List<String> create = new ArrayList<>();
    List<Pod> delete = new ArrayList<>();
    List<Pod> kept = new ArrayList<>();
    int desired = 0;
    int misplaced = 0;
    for (Node node : nodes) {
      String name = node.getMetadata().getName();
      List<Pod> here = byNode.getOrDefault(name, List.of());
      List<Taint> taints = node.getSpec() == null ? List.of() : list(node.getSpec().getTaints());
      boolean wanted = NodeAffinities.matches(spec, name, labels(node));
      boolean begins = wanted && Tolerations.firstForbidding(taints, tolerations).isEmpty();
      boolean stays =
          wanted
              && taints.stream()
                  .filter(taint -> "NoExecute".equals(taint.getEffect()))
                  .allMatch(taint -> Tolerations.tolerates(tolerations, taint));
      desired += begins ? 1 : 0;
      if (!begins && !here.isEmpty()) {
        misplaced++;
      }
      if (here.isEmpty()) {
        if (begins) {
          create.add(name);
        }
        continue;
      }
      List<Pod> running = runningOldestFirst(here);
      here.stream().filter(pod -> Pods.isTerminal(pod) && !isEnding(pod)).forEach(delete::add);
      if (!stays) {
        delete.addAll(running);
      } else if (!running.isEmpty()) {
        delete.addAll(running.subList(1, running.size()));
        if (begins) {
          kept.add(running.getFirst());
        }
      }
    }
    if (set.updatesByItself()) {
      delete.addAll(outdated(set, kept, hash, desired, now));
    }
    return new DaemonPlan(create, delete, status(set, kept, hash, desired, misplaced, now));
  }

  private static boolean isEnding(Pod pod) {
    return pod.getMetadata().getDeletionTimestamp() != null;
  }

  private static List<Pod> runningOldestFirst(List<Pod> pods) {
    return pods.stream()
        .filter(pod -> !Pods.isTerminal(pod) && !isEnding(pod))
        .sorted(
            Comparator.comparing((Pod pod) -> Pods.nodeName(pod).isEmpty())
                .thenComparing(Fields::created))
        .toList();
  }

  /** Old pods that may go now: those that do not work at once, others as many as may miss. */
  private static List<Pod> outdated(
      DaemonSet set, List<Pod> kept, String hash, int desired, Instant now) {
    List<Pod> old = kept.stream().filter(pod -> !hash.equals(labels(pod).get(HASH_LABEL))).toList();
    List<Pod> go = new ArrayList<>();
    for (Pod pod : old) {
      if (!Pods.isAvailable(pod, set.minReady(), now)) {
        go.add(pod);
      }
    }
    long available =
        kept.stream().filter(pod -> Pods.isAvailable(pod, set.minReady(), now)).count();
    long room = set.maxUnavailable(desired) - (desired - available);
    for (Pod pod : old) {
      if (room > 0 && !go.contains(pod)) {
        go.add(pod);
        room--;
      }
    }
    return go;
  }

  private static DaemonSet.Status status(
      DaemonSet set, List<Pod> kept, String hash, int desired, int misplaced, Instant now) {
    int available =
        (int) kept.stream().filter(pod -> Pods.isAvailable(pod, set.minReady(), now)).count();
    return new DaemonSet.Status(
        kept.size(),
        misplaced,
        desired,
        (int) kept.stream().filter(Pods::isReady).count(),
        (int) kept.stream().filter(pod -> hash.equals(labels(pod).get(HASH_LABEL))).count(),
        available,
        desired - available,
        set.generation());
  }
}
