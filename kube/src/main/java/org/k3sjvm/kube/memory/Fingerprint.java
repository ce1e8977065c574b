package org.k3sjvm.kube.memory;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.util.Objects;

/**
 * Tells whether an object changed in a way that is worth a write to a flash disk. The heartbeats of
 * nodes and the conditions of pods are not: who starts from memory learns them anew.
 */
final class Fingerprint {
  private Fingerprint() {}

  /** One line without tabs; equal for versions of which one may stand for the other. */
  static String of(HasMetadata object) {
    ObjectMeta meta = object.getMetadata();
    String what =
        switch (object) {
          case Pod pod -> hash(pod.getSpec()) + ":" + hash(meta(meta)) + ":" + life(pod);
          case Node node ->
              hash(node.getSpec()) + ":" + hash(meta(meta)) + ":" + hash(addresses(node));
          default -> String.valueOf(meta.getResourceVersion());
        };
    return meta.getUid() + ":" + what;
  }

  private static int hash(Object... parts) {
    return Objects.hash(parts);
  }

  private static Object meta(ObjectMeta meta) {
    return Objects.hash(
        meta.getLabels(),
        meta.getAnnotations(),
        meta.getDeletionTimestamp(),
        meta.getDeletionGracePeriodSeconds());
  }

  /** A pod that is over must not be taken for one that runs, nor be given another age. */
  private static String life(Pod pod) {
    PodStatus status = pod.getStatus();
    if (status == null) {
      return "";
    }
    boolean over = "Succeeded".equals(status.getPhase()) || "Failed".equals(status.getPhase());
    return (over ? status.getPhase() : "") + "/" + status.getStartTime();
  }

  private static Object addresses(Node node) {
    NodeStatus status = node.getStatus();
    return status == null || status.getAddresses() == null ? "" : status.getAddresses();
  }
}
