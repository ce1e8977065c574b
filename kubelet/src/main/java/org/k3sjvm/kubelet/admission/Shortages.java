package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.Pod;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.k3sjvm.kubelet.resources.PodRequests;

/**
 * Whether what a pod asks for is left.
 *
 * <p>Source: Kubernetes v1.36 pkg/scheduler/framework/plugins/noderesources/fit.go, Fits, and
 * kubelet lifecycle/predicate.go, removeMissingExtendedResources.
 */
final class Shortages {
  private static final List<String> FIRST = List.of("cpu", "memory", "ephemeral-storage");

  private Shortages() {}

  /** What is missing: pods first, then CPU, memory, ephemeral storage, then others by name. */
  static List<Shortage> of(Pod pod, List<Pod> others, Map<String, BigDecimal> allocatable) {
    List<Shortage> missing = new ArrayList<>();
    if (allocatable.isEmpty()) {
      return missing;
    }
    if (allocatable.containsKey("pods")) {
      long most = PodRequests.whole(allocatable, "pods");
      if (others.size() + 1 > most) {
        missing.add(new Shortage("pods", 1, others.size(), most));
      }
    }
    Map<String, BigDecimal> wanted = PodRequests.requests(pod);
    Map<String, BigDecimal> used = new TreeMap<>();
    for (Pod other : others) {
      PodRequests.requests(other).forEach((n, a) -> used.merge(n, a, BigDecimal::add));
    }
    FIRST.forEach(name -> add(missing, name, wanted, used, allocatable));
    for (String name : wanted.keySet()) {
      boolean unknown = extended(name) && !allocatable.containsKey(name);
      if (!FIRST.contains(name) && !unknown) {
        add(missing, name, wanted, used, allocatable);
      }
    }
    return missing;
  }

  /** What a pod asks for of a resource, in the unit of {@link Shortage}. */
  static long amount(Map<String, BigDecimal> of, String resource) {
    return resource.equals("cpu")
        ? PodRequests.milli(of, resource)
        : PodRequests.whole(of, resource);
  }

  private static void add(
      List<Shortage> missing,
      String name,
      Map<String, BigDecimal> wanted,
      Map<String, BigDecimal> used,
      Map<String, BigDecimal> allocatable) {
    long asked = amount(wanted, name);
    long taken = amount(used, name);
    long all = amount(allocatable, name);
    if (asked > 0 && asked > all - taken) {
      missing.add(new Shortage(name, asked, taken, all));
    }
  }

  /** Resources of device plugins and their like: they have a domain that is not Kubernetes' own. */
  private static boolean extended(String name) {
    int slash = name.indexOf('/');
    return slash > 0 && !name.substring(0, slash).endsWith("kubernetes.io");
  }
}
