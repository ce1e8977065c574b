package org.k3sjvm.kubelet.resources;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.QuantityNumber;

/**
 * What a pod as a whole takes: the most that is needed at one time, by resource name, in whole
 * units (cores, bytes) and exact. Must equal the scheduler's sums, or a pod that it places is
 * turned away by the node, again and again.
 *
 * <p>Containers run together, init containers one after another, each beside the sidecars that were
 * started before it. What the pod asks for itself takes the place of the sum of its containers;
 * overhead comes on top.
 *
 * <p>Source: Kubernetes v1.36 component-helpers/resource/helpers.go, PodRequests and PodLimits.
 */
public final class PodRequests {
  private static final BigDecimal MILLI = BigDecimal.valueOf(1000);

  private PodRequests() {}

  /** What the spec asks for, with overhead. The result belongs to the caller, sorted by name. */
  public static Map<String, BigDecimal> requests(PodSpec spec) {
    return plus(requestsWithoutOverhead(spec), amounts(spec.getOverhead()));
  }

  /** What the spec asks for, without overhead. */
  public static Map<String, BigDecimal> requestsWithoutOverhead(PodSpec spec) {
    Map<String, BigDecimal> sum = together(spec, c -> amounts(requests(c.getResources())));
    ofPod(requests(spec.getResources())).forEach(sum::put);
    return sum;
  }

  /**
   * What a pod whose containers may be amid a change of size holds: for each container the largest
   * of what is asked, what the node agreed to and what is in force; for a change that can never be
   * made, what is asked does not count.
   */
  public static Map<String, BigDecimal> requests(Pod pod) {
    PodSpec spec = pod.getSpec();
    Map<String, ContainerStatus> statuses = statuses(pod);
    boolean infeasible = infeasible(pod);
    Map<String, BigDecimal> sum =
        together(
            spec,
            c -> {
              Map<String, BigDecimal> asked = amounts(requests(c.getResources()));
              ContainerStatus status = statuses.get(c.getName());
              if (status == null || status.getResources() == null || onceOnly(spec, c)) {
                return asked;
              }
              Map<String, BigDecimal> held = infeasible ? new TreeMap<>() : asked;
              raise(held, amounts(status.getResources().getRequests()));
              raise(held, amounts(status.getAllocatedResources()));
              return held;
            });
    ofPod(requests(spec.getResources())).forEach(sum::put);
    return plus(sum, amounts(spec.getOverhead()));
  }

  /**
   * What the spec allows at most; overhead comes on top of what has a limit. A resource is listed
   * as soon as one container limits it: see {@link #allLimited}.
   */
  public static Map<String, BigDecimal> limits(PodSpec spec) {
    Map<String, BigDecimal> sum = together(spec, c -> amounts(limits(c.getResources())));
    ofPod(limits(spec.getResources())).forEach(sum::put);
    amounts(spec.getOverhead())
        .forEach((name, o) -> sum.computeIfPresent(name, (n, l) -> zero(l) ? l : l.add(o)));
    return sum;
  }

  /** Whether the pod, or else every container of it, limits a resource. */
  public static boolean allLimited(PodSpec spec, String name) {
    if (ofPod(limits(spec.getResources())).containsKey(name)) {
      return true;
    }
    return Stream.concat(spec.getContainers().stream(), spec.getInitContainers().stream())
        .map(c -> amounts(limits(c.getResources())).get(name))
        .allMatch(l -> l != null && !zero(l));
  }

  /** Thousandths, rounded up; 0 when there is none. */
  public static long milli(Map<String, BigDecimal> of, String name) {
    return clamp(of.getOrDefault(name, BigDecimal.ZERO).multiply(MILLI));
  }

  /** Whole units, rounded up; 0 when there is none. */
  public static long whole(Map<String, BigDecimal> of, String name) {
    return clamp(of.getOrDefault(name, BigDecimal.ZERO));
  }

  /** Quantities as exact numbers, sorted by name; the result belongs to the caller. */
  public static Map<String, BigDecimal> amounts(@Nullable Map<String, Quantity> from) {
    Map<String, BigDecimal> amounts = new TreeMap<>();
    if (from != null) {
      from.forEach((name, quantity) -> amounts.put(name, QuantityNumber.of(quantity)));
    }
    return amounts;
  }

  /** Whether pods may ask for this resource themselves. */
  public static boolean ofPodLevel(String name) {
    return name.equals("cpu") || name.equals("memory") || name.startsWith("hugepages-");
  }

  private static Map<String, BigDecimal> together(
      PodSpec spec, Function<Container, Map<String, BigDecimal>> of) {
    Map<String, BigDecimal> sum = new TreeMap<>();
    spec.getContainers().forEach(c -> plus(sum, of.apply(c)));
    Map<String, BigDecimal> sidecars = new TreeMap<>();
    Map<String, BigDecimal> peak = new TreeMap<>();
    for (Container c : spec.getInitContainers()) {
      Map<String, BigDecimal> own = of.apply(c);
      if (sidecar(c)) {
        plus(sum, own);
        raise(peak, plus(sidecars, own));
      } else {
        raise(peak, plus(new TreeMap<>(sidecars), own));
      }
    }
    raise(sum, peak);
    return sum;
  }

  private static Map<String, BigDecimal> plus(
      Map<String, BigDecimal> sum, Map<String, BigDecimal> more) {
    more.forEach((name, amount) -> sum.merge(name, amount, BigDecimal::add));
    return sum;
  }

  private static void raise(Map<String, BigDecimal> to, Map<String, BigDecimal> atLeast) {
    atLeast.forEach((name, amount) -> to.merge(name, amount, BigDecimal::max));
  }

  private static Map<String, BigDecimal> ofPod(@Nullable Map<String, Quantity> from) {
    Map<String, BigDecimal> amounts = amounts(from);
    amounts.keySet().removeIf(name -> !ofPodLevel(name));
    return amounts;
  }

  private static boolean onceOnly(PodSpec spec, Container c) {
    return !sidecar(c) && spec.getInitContainers().contains(c);
  }

  private static boolean sidecar(Container c) {
    return "Always".equals(c.getRestartPolicy());
  }

  private static boolean infeasible(Pod pod) {
    return pod.getStatus() != null
        && pod.getStatus().getConditions().stream()
            .anyMatch(
                c -> "PodResizePending".equals(c.getType()) && "Infeasible".equals(c.getReason()));
  }

  private static Map<String, ContainerStatus> statuses(Pod pod) {
    Map<String, ContainerStatus> statuses = new HashMap<>();
    if (pod.getStatus() != null) {
      for (List<ContainerStatus> some :
          List.of(
              pod.getStatus().getContainerStatuses(), pod.getStatus().getInitContainerStatuses())) {
        some.forEach(s -> statuses.put(s.getName(), s));
      }
    }
    return statuses;
  }

  private static @Nullable Map<String, Quantity> requests(@Nullable ResourceRequirements r) {
    return r == null ? null : r.getRequests();
  }

  private static @Nullable Map<String, Quantity> limits(@Nullable ResourceRequirements r) {
    return r == null ? null : r.getLimits();
  }

  private static boolean zero(BigDecimal amount) {
    return amount.signum() == 0;
  }

  private static long clamp(BigDecimal amount) {
    BigDecimal whole = amount.setScale(0, RoundingMode.CEILING);
    return whole.min(BigDecimal.valueOf(Long.MAX_VALUE)).longValue();
  }
}
