package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.Map;
import java.util.Optional;

/**
 * Where a pod comes from and how much it matters.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/types/pod_update.go.
 */
public final class PodKind {
  public static final String SOURCE = "kubernetes.io/config.source";
  public static final String HASH = "kubernetes.io/config.hash";
  public static final String MIRROR = "kubernetes.io/config.mirror";
  public static final String SEEN = "kubernetes.io/config.seen";

  /** The source of pods of the API server. */
  public static final String API = "api";

  private static final int CRITICAL_PRIORITY = 2_000_000_000;

  private PodKind() {}

  /** Whether a file or URL on this node asks for it, not the API server. */
  public static boolean isStatic(Pod pod) {
    return !isMirror(pod) && annotation(pod, SOURCE).filter(s -> !s.equals(API)).isPresent();
  }

  /** Whether it only shows a static pod to users of the API server. */
  public static boolean isMirror(Pod pod) {
    return annotation(pod, MIRROR).isPresent();
  }

  /** Whether it may push others off the node. */
  public static boolean isCritical(Pod pod) {
    return isStatic(pod) || isMirror(pod) || priority(pod).orElse(0) >= CRITICAL_PRIORITY;
  }

  /** Whether one may push the other off the node. */
  public static boolean mayPreempt(Pod preemptor, Pod victim) {
    if (isCritical(preemptor) && !isCritical(victim)) {
      return true;
    }
    Optional<Integer> high = priority(preemptor);
    return high.isPresent() && priority(victim).filter(low -> high.get() > low).isPresent();
  }

  /** An annotation's value. */
  public static Optional<String> annotation(Pod pod, String key) {
    return Optional.ofNullable(pod.getMetadata().getAnnotations())
        .map((Map<String, String> all) -> all.get(key));
  }

  private static Optional<Integer> priority(Pod pod) {
    return Optional.ofNullable(pod.getSpec().getPriority());
  }
}
