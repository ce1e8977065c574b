package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.Pod;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.kubelet.pod.Qos;
import org.k3sjvm.kubelet.resources.PodRequests;

/**
 * Chooses who must go so that a critical pod fits: no guaranteed pod where burstable ones suffice,
 * no burstable pod where best-effort ones do, and few of each.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/preemption/preemption.go.
 */
final class Preemption {
  private record Victim(Pod pod, Map<String, BigDecimal> requests) {
    long frees(String resource) {
      return resource.equals("pods") ? 1 : Shortages.amount(requests, resource);
    }
  }

  private Preemption() {}

  /** The victims; empty when all that may go would not free enough. */
  static Optional<List<Pod>> victims(Pod pod, List<Pod> others, List<Shortage> shortages) {
    List<Victim> bestEffort = new ArrayList<>();
    List<Victim> burstable = new ArrayList<>();
    List<Victim> guaranteed = new ArrayList<>();
    for (Pod other : others) {
      if (PodKind.mayPreempt(pod, other)) {
        (switch (Qos.of(other.getSpec())) {
              case BEST_EFFORT -> bestEffort;
              case BURSTABLE -> burstable;
              case GUARANTEED -> guaranteed;
            })
            .add(new Victim(other, PodRequests.requests(other)));
      }
    }
    Map<String, Long> missing = new LinkedHashMap<>();
    shortages.forEach(s -> missing.put(s.resource(), s.missing()));
    if (!without(without(without(missing, bestEffort), burstable), guaranteed).isEmpty()) {
      return Optional.empty();
    }
    List<Victim> fromGuaranteed =
        chosen(guaranteed, without(without(missing, bestEffort), burstable));
    List<Victim> fromBurstable =
        chosen(burstable, without(without(missing, bestEffort), fromGuaranteed));
    List<Victim> fromBestEffort =
        chosen(bestEffort, without(without(missing, fromBurstable), fromGuaranteed));
    List<Pod> all = new ArrayList<>();
    List.of(fromBestEffort, fromBurstable, fromGuaranteed)
        .forEach(some -> some.forEach(v -> all.add(v.pod())));
    return Optional.of(all);
  }

  /** Takes the one nearest to what is missing, the smaller of two alike, until enough is free. */
  private static List<Victim> chosen(List<Victim> from, Map<String, Long> missing) {
    List<Victim> left = new ArrayList<>(from);
    List<Victim> chosen = new ArrayList<>();
    Map<String, Long> still = missing;
    while (!still.isEmpty() && !left.isEmpty()) {
      Victim best = left.getFirst();
      for (Victim v : left) {
        int compared = Double.compare(distance(v, still), distance(best, still));
        if (compared < 0 || (compared == 0 && smaller(v, best))) {
          best = v;
        }
      }
      chosen.add(best);
      left.remove(best);
      still = without(still, List.of(best));
    }
    return chosen;
  }

  private static double distance(Victim victim, Map<String, Long> missing) {
    double sum = 0;
    for (Map.Entry<String, Long> m : missing.entrySet()) {
      double rest = m.getValue() - victim.frees(m.getKey());
      if (rest > 0) {
        sum += Math.pow(rest / m.getValue(), 2);
      }
    }
    return sum;
  }

  private static boolean smaller(Victim a, Victim b) {
    int memory = Long.compare(a.frees("memory"), b.frees("memory"));
    return memory != 0 ? memory < 0 : a.frees("cpu") < b.frees("cpu");
  }

  private static Map<String, Long> without(Map<String, Long> missing, Collection<Victim> gone) {
    Map<String, Long> rest = new LinkedHashMap<>();
    missing.forEach(
        (resource, amount) -> {
          long left = amount - gone.stream().mapToLong(v -> v.frees(resource)).sum();
          if (left > 0) {
            rest.put(resource, left);
          }
        });
    return rest;
  }
}
