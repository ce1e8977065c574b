package org.k3sjvm.cri;

import java.util.Map;
import java.util.Optional;

/** What a container takes; parts are empty while it does not run. */
public record ContainerStats(
    ContainerId id,
    ContainerMetadata metadata,
    Map<String, String> labels,
    Optional<CpuUsage> cpu,
    Optional<MemoryUsage> memory,
    Optional<SwapUsage> swap,
    Optional<FilesystemUsage> writableLayer) {

  public ContainerStats {
    labels = Map.copyOf(labels);
  }
}
