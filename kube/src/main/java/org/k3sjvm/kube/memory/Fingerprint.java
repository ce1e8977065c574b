package org.k3sjvm.kube.memory;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.KubeJson;

/**
 * Tells whether an object changed in a way that is worth a write to a flash disk. The heartbeats of
 * nodes and the conditions of pods are not: who starts from memory learns them anew.
 */
final class Fingerprint {
  private static final int HASH_BYTES = 16;

  private Fingerprint() {}

  /** One line without tabs; equal for versions of which one may stand for the other. */
  static String of(HasMetadata object) {
    ObjectMeta meta = object.getMetadata();
    String what =
        switch (object) {
          case Pod pod -> hash(pod.getSpec(), meta(meta), life(pod));
          case Node node -> hash(node.getSpec(), meta(meta), addresses(node));
          default -> String.valueOf(meta.getResourceVersion());
        };
    return meta.getUid() + ":" + what;
  }

  /** Of the text: hash codes of maps and strings are alike too easily. */
  private static String hash(@Nullable Object... parts) {
    byte[] text = KubeJson.write(parts).getBytes(StandardCharsets.UTF_8);
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text);
      return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static List<Object> meta(ObjectMeta meta) {
    return Arrays.asList(
        meta.getLabels(),
        meta.getAnnotations(),
        meta.getDeletionTimestamp(),
        meta.getDeletionGracePeriodSeconds());
  }

  /**
   * A pod that is over must not be taken for one that runs, nor be given another age; restarts must
   * go on being counted from where they were.
   */
  private static List<Object> life(Pod pod) {
    PodStatus status = pod.getStatus();
    if (status == null) {
      return List.of();
    }
    boolean over = "Succeeded".equals(status.getPhase()) || "Failed".equals(status.getPhase());
    return List.of(
        over ? status.getPhase() : "",
        String.valueOf(status.getStartTime()),
        runs(status.getInitContainerStatuses()),
        runs(status.getContainerStatuses()));
  }

  /** Which run of each container was seen last, and whether it ran or had ended. */
  private static List<String> runs(List<ContainerStatus> statuses) {
    return statuses.stream().map(Fingerprint::run).toList();
  }

  private static String run(ContainerStatus status) {
    ContainerState state = status.getState();
    String seen =
        state == null
            ? ""
            : state.getTerminated() != null ? "ended" : state.getRunning() != null ? "ran" : "";
    return status.getContainerID() + " " + status.getRestartCount() + " " + seen;
  }

  private static Object addresses(Node node) {
    NodeStatus status = node.getStatus();
    return status == null || status.getAddresses() == null ? "" : status.getAddresses();
  }
}
