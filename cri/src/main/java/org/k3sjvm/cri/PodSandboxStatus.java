package org.k3sjvm.cri;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A sandbox seen closely.
 *
 * @param ips the primary address first; empty on the host's network and before the network plugin
 *     has answered
 * @param namespaces empty when the runtime does not say
 * @param runtimeHandler empty for the default
 */
public record PodSandboxStatus(
    SandboxId id,
    PodSandboxMetadata metadata,
    SandboxState state,
    Instant createdAt,
    List<String> ips,
    Optional<NamespaceOptions> namespaces,
    Map<String, String> labels,
    Map<String, String> annotations,
    String runtimeHandler) {

  public PodSandboxStatus {
    ips = List.copyOf(ips);
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
  }
}
