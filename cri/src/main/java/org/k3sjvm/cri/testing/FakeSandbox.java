package org.k3sjvm.cri.testing;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.cri.PodSandbox;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.cri.PodSandboxStatus;
import org.k3sjvm.cri.SandboxFilter;
import org.k3sjvm.cri.SandboxId;
import org.k3sjvm.cri.SandboxState;

/** A sandbox in memory; guarded by the runtime that owns it. */
final class FakeSandbox {
  final SandboxId id;
  final PodSandboxConfig config;
  final String runtimeHandler;
  final Instant createdAt;
  final List<String> ips;
  SandboxState state = SandboxState.READY;

  FakeSandbox(
      SandboxId id,
      PodSandboxConfig config,
      String runtimeHandler,
      Instant createdAt,
      List<String> ips) {
    this.id = id;
    this.config = config;
    this.runtimeHandler = runtimeHandler;
    this.createdAt = createdAt;
    this.ips = ips;
  }

  boolean matches(SandboxFilter filter) {
    return filter.id().map(id::equals).orElse(true)
        && filter.state().map(wanted -> wanted == state).orElse(true)
        && config.labels().entrySet().containsAll(filter.labels().entrySet());
  }

  PodSandbox listed() {
    return new PodSandbox(
        id,
        config.metadata(),
        state,
        createdAt,
        config.labels(),
        config.annotations(),
        runtimeHandler);
  }

  PodSandboxStatus status() {
    return new PodSandboxStatus(
        id,
        config.metadata(),
        state,
        createdAt,
        state == SandboxState.READY ? ips : List.of(),
        Optional.of(config.linux().securityContext().namespaces()),
        config.labels(),
        config.annotations(),
        runtimeHandler);
  }
}
