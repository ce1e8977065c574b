package org.k3sjvm.cri;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the runtime needs to make a pod's sandbox.
 *
 * @param hostname empty for a pod on the host's network
 * @param logDirectory absolute path; containers' log paths are relative to it; empty for no logs
 * @param dns empty leaves the host's {@code resolv.conf}
 */
public record PodSandboxConfig(
    PodSandboxMetadata metadata,
    String hostname,
    String logDirectory,
    Optional<DnsConfig> dns,
    List<PortMapping> portMappings,
    Map<String, String> labels,
    Map<String, String> annotations,
    LinuxSandboxConfig linux) {

  public PodSandboxConfig {
    portMappings = List.copyOf(portMappings);
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
  }
}
