package org.k3sjvm.kubelet.resize;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.k3sjvm.kubelet.resources.PodRequests;

/** What the node says to a pod that wants to use more or less. */
public sealed interface ResizeAnswer {
  /** It may. */
  record Granted() implements ResizeAnswer {}

  /** Not now: others hold what it wants. */
  record Deferred(String message) implements ResizeAnswer {}

  /** Never, as the pod and this node are. */
  record Infeasible(String message) implements ResizeAnswer {}

  /**
   * The answer. Pure.
   *
   * @param wanted the pod as its owner wants it
   * @param granted the same pod as the node agreed to
   * @param others all other pods that hold something, as the node agreed to
   * @param swaps whether some containers of this pod may swap
   */
  static ResizeAnswer of(
      Pod wanted, Pod granted, List<Pod> others, Map<String, Quantity> allocatable, boolean swaps) {
    if (swaps && memoryChangesInPlace(wanted, granted)) {
      return new Infeasible("In-place resize of containers with swap is not supported.");
    }
    Map<String, BigDecimal> asked = PodRequests.requests(wanted.getSpec());
    Map<String, BigDecimal> held = PodRequests.requests(granted.getSpec());
    Map<String, BigDecimal> capacity = PodRequests.amounts(allocatable);
    Map<String, BigDecimal> used = new TreeMap<>();
    for (Pod other : others) {
      PodRequests.requests(other.getSpec())
          .forEach((name, amount) -> used.merge(name, amount, BigDecimal::add));
    }
    for (String name : List.of("cpu", "memory")) {
      long want = amount(asked, name);
      long free = amount(capacity, name) - amount(used, name);
      if (capacity.containsKey(name) && want > amount(held, name) && want > free) {
        return new Deferred(
            "Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d"
                .formatted(name, want, amount(used, name), amount(capacity, name)));
      }
    }
    return new Granted();
  }

  private static long amount(Map<String, BigDecimal> of, String name) {
    return name.equals("cpu") ? PodRequests.milli(of, name) : PodRequests.whole(of, name);
  }

  private static boolean memoryChangesInPlace(Pod wanted, Pod granted) {
    List<Container> before = new ArrayList<>(granted.getSpec().getContainers());
    before.addAll(granted.getSpec().getInitContainers());
    List<Container> after = new ArrayList<>(wanted.getSpec().getContainers());
    after.addAll(wanted.getSpec().getInitContainers());
    return after.stream()
        .filter(
            c ->
                c.getResizePolicy().stream()
                    .noneMatch(
                        p ->
                            "memory".equals(p.getResourceName())
                                && "RestartContainer".equals(p.getRestartPolicy())))
        .anyMatch(
            c ->
                before.stream()
                    .filter(b -> b.getName().equals(c.getName()))
                    .anyMatch(b -> memory(b).compareTo(memory(c)) != 0));
  }

  private static BigDecimal memory(Container c) {
    return c.getResources() == null
        ? BigDecimal.ZERO
        : PodRequests.amounts(c.getResources().getRequests())
            .getOrDefault("memory", BigDecimal.ZERO);
  }
}
