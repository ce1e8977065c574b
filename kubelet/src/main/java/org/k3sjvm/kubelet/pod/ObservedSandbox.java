package org.k3sjvm.kubelet.pod;

import java.time.Instant;
import java.util.List;
import org.k3sjvm.cri.SandboxId;

/**
 * A sandbox as the runtime shows it.
 *
 * @param attempt 0 for the pod's first sandbox
 * @param ips the primary first; empty on the host's network
 */
public record ObservedSandbox(
    SandboxId id,
    int attempt,
    boolean ready,
    Instant createdAt,
    boolean hostNetwork,
    List<String> ips) {

  public ObservedSandbox {
    ips = List.copyOf(ips);
  }
}
