package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;

/** What the node says to a pod. */
public sealed interface Verdict {
  /** It may start. */
  record Admitted() implements Verdict {}

  /** It may start once these have ended. */
  record AfterPreempting(List<Pod> victims) implements Verdict {
    public AfterPreempting {
      victims = List.copyOf(victims);
    }
  }

  /** It never starts here. */
  record Rejected(String reason, String message) implements Verdict {}
}
