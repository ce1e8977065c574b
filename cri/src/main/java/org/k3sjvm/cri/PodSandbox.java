package org.k3sjvm.cri;

import java.time.Instant;
import java.util.Map;

/** A sandbox as a list shows it. */
public record PodSandbox(
    SandboxId id,
    PodSandboxMetadata metadata,
    SandboxState state,
    Instant createdAt,
    Map<String, String> labels,
    Map<String, String> annotations,
    String runtimeHandler) {

  public PodSandbox {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
  }
}
