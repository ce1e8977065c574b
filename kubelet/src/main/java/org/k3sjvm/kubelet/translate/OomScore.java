package org.k3sjvm.kubelet.translate;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import java.math.BigDecimal;
import java.util.Map;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.Qos;
import org.k3sjvm.kubelet.resources.PodRequests;

/**
 * Whom the kernel ends first when memory is short.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/qos/policy.go.
 */
final class OomScore {
  private static final int GUARANTEED = -997;
  private static final int BEST_EFFORT = 1000;
  private static final long CRITICAL_PRIORITY = 2_000_000_000L;
  private static final String NODE_CRITICAL = "system-node-critical";

  private OomScore() {}

  /** Of one container: for burstable ones linear in their share of the node's memory. */
  static int of(DesiredPod pod, Container container, long nodeMemoryBytes) {
    PodSpec spec = pod.pod().getSpec();
    if (nodeCritical(pod)) {
      return GUARANTEED;
    }
    return switch (Qos.of(spec)) {
      case GUARANTEED -> GUARANTEED;
      case BEST_EFFORT -> BEST_EFFORT;
      case BURSTABLE -> burstable(spec, container, nodeMemoryBytes);
    };
  }

  /** Static pods count as critical whatever their priority. */
  static boolean critical(DesiredPod pod) {
    Integer priority = pod.pod().getSpec().getPriority();
    Map<String, String> annotations = pod.pod().getMetadata().getAnnotations();
    boolean notFromApi =
        annotations != null
            && (annotations.containsKey("kubernetes.io/config.mirror")
                || !annotations.getOrDefault("kubernetes.io/config.source", "api").equals("api"));
    return notFromApi || (priority != null && priority >= CRITICAL_PRIORITY);
  }

  private static boolean nodeCritical(DesiredPod pod) {
    return critical(pod) && NODE_CRITICAL.equals(pod.pod().getSpec().getPriorityClassName());
  }

  private static int burstable(PodSpec spec, Container container, long nodeMemoryBytes) {
    long share = shareOfPods(spec);
    long score = score(memory(container) + share, nodeMemoryBytes);
    if (sidecar(spec, container)) {
      long least = spec.getContainers().stream().mapToLong(OomScore::memory).min().orElse(0);
      score = Math.min(score, score(least + share, nodeMemoryBytes));
    }
    return Math.clamp(score, 1000 + GUARANTEED, BEST_EFFORT - 1);
  }

  private static long score(long request, long nodeMemoryBytes) {
    return 1000 - 1000 * request / nodeMemoryBytes;
  }

  /** What the pod asks for beyond its containers' sum, shared equally. */
  private static long shareOfPods(PodSpec spec) {
    if (spec.getResources() == null) {
      return 0;
    }
    Map<String, BigDecimal> own = PodRequests.amounts(spec.getResources().getRequests());
    if (!own.containsKey("memory")) {
      return 0;
    }
    PodSpec without = new PodSpecBuilder(spec).withResources(null).build();
    long rest =
        PodRequests.whole(own, "memory")
            - PodRequests.whole(PodRequests.requestsWithoutOverhead(without), "memory");
    return rest / (spec.getContainers().size() + spec.getInitContainers().size());
  }

  private static boolean sidecar(PodSpec spec, Container container) {
    return "Always".equals(container.getRestartPolicy())
        && spec.getInitContainers().stream().anyMatch(c -> c.getName().equals(container.getName()));
  }

  private static long memory(Container container) {
    return container.getResources() == null
        ? 0
        : PodRequests.whole(PodRequests.amounts(container.getResources().getRequests()), "memory");
  }
}
