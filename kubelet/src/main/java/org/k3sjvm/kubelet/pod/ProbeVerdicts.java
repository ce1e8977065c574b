package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.PodStatus;
import org.k3sjvm.cri.ContainerId;

/** What probing has found out about running containers. Any thread may ask. */
public interface ProbeVerdicts {
  /** Says {@link Verdict#UNKNOWN} of everything. */
  ProbeVerdicts NONE = (_, _) -> Verdict.UNKNOWN;

  /** The published result for one run of a container. */
  Verdict verdict(ContainerId container, Kind kind);

  /**
   * Tells who runs now, so that probing begins and ends with them. Does not block.
   *
   * @param status what was made of it: probes follow what is reported as started
   * @param ending whether the pod is being ended: only readiness still matters
   */
  default void follow(DesiredPod pod, ObservedPod observed, PodStatus status, boolean ending) {}

  /** What has been counted, in the Prometheus text format. */
  default String metrics() {
    return "";
  }

  /** The three questions. */
  enum Kind {
    STARTUP,
    READINESS,
    LIVENESS
  }

  /** An answer; unknown until as many equal results as the probe wants. */
  enum Verdict {
    SUCCESS,
    FAILURE,
    UNKNOWN
  }
}
