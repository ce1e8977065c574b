package org.k3sjvm.kubelet.pod;

import org.k3sjvm.cri.ContainerId;

/** What probing has found out about running containers. Any thread may ask. */
public interface ProbeVerdicts {
  /** Says {@link Verdict#UNKNOWN} of everything. */
  ProbeVerdicts NONE = (_, _) -> Verdict.UNKNOWN;

  /** The published result for one run of a container. */
  Verdict verdict(ContainerId container, Kind kind);

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
