package org.k3sjvm.cri;

import java.time.Instant;
import java.util.Map;

/**
 * A container as a list shows it.
 *
 * @param imageRef the runtime's reference of the image it runs
 * @param imageId the image's id; empty on runtimes older than the field
 */
public record Container(
    ContainerId id,
    SandboxId sandbox,
    ContainerMetadata metadata,
    ImageSpec image,
    String imageRef,
    String imageId,
    ContainerState state,
    Instant createdAt,
    Map<String, String> labels,
    Map<String, String> annotations) {

  public Container {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
  }
}
