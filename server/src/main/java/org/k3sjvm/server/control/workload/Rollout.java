package org.k3sjvm.server.control.workload;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How the ReplicaSets of a Deployment move from one template to the next: the decision, without
 * effects. Source: Kubernetes v1.36 pkg/controller/deployment rolling.go, util NewRSNewReplicas.
 *
 * @param wanted pods of the deployment
 * @param maxSurge how many more there may be
 * @param maxUnavailable how many of them may be missing
 */
record Rollout(int wanted, int maxSurge, int maxUnavailable) {
  /**
   * One ReplicaSet.
   *
   * @param replicas that it is told to have
   * @param available of them
   */
  record Part(String name, int replicas, int available) {}

  /** How many pods the set of the newest template should have now. */
  int newest(Part newest, List<Part> old) {
    if (newest.replicas() >= wanted) {
      return wanted;
    }
    int room = wanted + maxSurge - newest.replicas() - total(old);
    return newest.replicas() + Math.clamp(room, 0, wanted - newest.replicas());
  }

  /**
   * How many pods older sets should have now, those that change only.
   *
   * @param old the oldest first
   */
  Map<String, Integer> old(Part newest, List<Part> old) {
    int least = wanted - maxUnavailable;
    int spare = newest.replicas() + total(old) - least - (newest.replicas() - newest.available());
    Map<String, Integer> changed = new LinkedHashMap<>();
    if (spare <= 0) {
      return changed;
    }
    List<Part> left = new ArrayList<>();
    for (Part part : old) { // those that are not available are no loss
      int fewer = Math.clamp(part.replicas() - part.available(), 0, spare);
      spare -= fewer;
      left.add(new Part(part.name(), part.replicas() - fewer, part.available()));
      if (fewer > 0) {
        changed.put(part.name(), part.replicas() - fewer);
      }
    }
    int expendable = newest.available() + left.stream().mapToInt(Part::available).sum() - least;
    for (Part part : left) {
      int fewer = Math.clamp(part.replicas(), 0, Math.max(0, expendable));
      expendable -= fewer;
      if (fewer > 0) {
        changed.put(part.name(), part.replicas() - fewer);
      }
    }
    return changed;
  }

  /**
   * Shares a new size among sets in proportion, for a deployment that is scaled while it changes.
   *
   * @param sizeBefore what the sets were made for, with surge
   */
  Map<String, Integer> share(List<Part> parts, int sizeBefore) {
    int total = total(parts);
    int allowed = wanted == 0 ? 0 : wanted + maxSurge;
    int missing = allowed - total;
    List<Part> sorted = new ArrayList<>(parts);
    sorted.sort(Comparator.comparingInt((Part part) -> -part.replicas()));
    Map<String, Integer> result = new LinkedHashMap<>();
    int left = missing;
    for (Part part : sorted) {
      int scaled =
          sizeBefore == 0
              ? 0
              : (int) Math.round((double) part.replicas() * allowed / sizeBefore) - part.replicas();
      int change = missing > 0 ? Math.clamp(scaled, 0, left) : Math.clamp(scaled, left, 0);
      change = Math.max(change, -part.replicas());
      left -= change;
      result.put(part.name(), part.replicas() + change);
    }
    if (left != 0 && !sorted.isEmpty()) {
      Part largest = sorted.getFirst();
      int remainder = left;
      result.computeIfPresent(largest.name(), (_, size) -> Math.max(0, size + remainder));
    }
    return result;
  }

  private static int total(List<Part> parts) {
    return parts.stream().mapToInt(Part::replicas).sum();
  }
}
