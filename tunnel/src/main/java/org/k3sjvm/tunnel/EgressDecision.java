package org.k3sjvm.tunnel;

import org.k3sjvm.base.net.HostPort;

/** Whether a server may have something dialled. */
public sealed interface EgressDecision {
  /**
   * Yes.
   *
   * @param target what to dial, which for the kubelet is where it listens
   */
  record Allowed(HostPort target) implements EgressDecision {}

  record Denied(String reason) implements EgressDecision {}
}
