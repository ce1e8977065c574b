package org.k3sjvm.server.control.workload;

import static org.k3sjvm.server.control.cluster.Fields.labels;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.k3sjvm.server.control.cluster.Pods;

/**
 * What a StatefulSet does next: the decision, without effects. One step at a time, unless it is
 * parallel. Source: kube-controller-manager v1.36 pkg/controller/statefulset.
 *
 * @param create the numbers of the pods to make
 * @param delete the pods that go
 */
record StatefulPlan(List<Integer> create, List<Pod> delete) {
  private static final StatefulPlan WAIT = new StatefulPlan(List.of(), List.of());

  StatefulPlan {
    create = List.copyOf(create);
    delete = List.copyOf(delete);
  }

  /** The plan for pods by number, ended and ending ones too. */
  static StatefulPlan of(StatefulSet set, Map<Integer, Pod> pods, String revision, Instant now) {
    return set.isParallel() ? atOnce(set, pods, revision, now) : inOrder(set, pods, revision, now);
  }

  private static StatefulPlan inOrder(
      StatefulSet set, Map<Integer, Pod> pods, String revision, Instant now) {
    for (int number = set.first(); number < end(set); number++) {
      Pod pod = pods.get(number);
      if (pod == null) {
        return new StatefulPlan(List.of(number), List.of());
      }
      if (Pods.isTerminal(pod) && !isEnding(pod)) {
        return delete(pod);
      }
      if (isEnding(pod) || !Pods.isAvailable(pod, set.minReady(), now)) {
        return repair(set, pod, number, revision);
      }
    }
    for (Map.Entry<Integer, Pod> one : highestFirst(pods)) {
      if (!isWanted(set, one.getKey())) {
        return isEnding(one.getValue()) ? WAIT : delete(one.getValue());
      }
    }
    return update(set, pods, revision, now);
  }

  /** A pod that does not work and is of an old revision is not waited for. */
  private static StatefulPlan repair(StatefulSet set, Pod pod, int number, String revision) {
    boolean replace =
        !isEnding(pod)
            && set.updatesByItself()
            && number >= set.partition()
            && !revision.equals(labels(pod).get(DaemonPlan.HASH_LABEL));
    return replace ? delete(pod) : WAIT;
  }

  private static StatefulPlan atOnce(
      StatefulSet set, Map<Integer, Pod> pods, String revision, Instant now) {
    List<Integer> create = new ArrayList<>();
    List<Pod> delete = new ArrayList<>();
    for (int number = set.first(); number < end(set); number++) {
      Pod pod = pods.get(number);
      if (pod == null) {
        create.add(number);
      } else if (Pods.isTerminal(pod) && !isEnding(pod)) {
        delete.add(pod);
      }
    }
    pods.forEach(
        (number, pod) -> {
          if (!isWanted(set, number) && !isEnding(pod)) {
            delete.add(pod);
          }
        });
    return create.isEmpty() && delete.isEmpty()
        ? update(set, pods, revision, now)
        : new StatefulPlan(create, delete);
  }

  /** From the last to the first above the partition, each after the one before works again. */
  private static StatefulPlan update(
      StatefulSet set, Map<Integer, Pod> pods, String revision, Instant now) {
    if (!set.updatesByItself()) {
      return WAIT;
    }
    for (Map.Entry<Integer, Pod> one : highestFirst(pods)) {
      Pod pod = one.getValue();
      if (one.getKey() < set.partition() || !isWanted(set, one.getKey())) {
        continue;
      }
      if (isEnding(pod)) {
        return WAIT;
      }
      if (!revision.equals(labels(pod).get(DaemonPlan.HASH_LABEL))) {
        return delete(pod);
      }
      if (!Pods.isAvailable(pod, set.minReady(), now)) {
        return WAIT;
      }
    }
    return WAIT;
  }

  private static Iterable<Map.Entry<Integer, Pod>> highestFirst(Map<Integer, Pod> pods) {
    return new TreeMap<>(pods).descendingMap().entrySet();
  }

  private static StatefulPlan delete(Pod pod) {
    return new StatefulPlan(List.of(), List.of(pod));
  }

  private static boolean isWanted(StatefulSet set, int number) {
    return number >= set.first() && number < end(set);
  }

  private static int end(StatefulSet set) {
    return set.first() + set.wanted();
  }

  private static boolean isEnding(Pod pod) {
    return pod.getMetadata().getDeletionTimestamp() != null;
  }
}
