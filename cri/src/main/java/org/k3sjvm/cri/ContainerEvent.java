package org.k3sjvm.cri;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Something that happened to a container or sandbox.
 *
 * @param id a container, or a sandbox when its own process is meant
 * @param sandbox the state of the sandbox after it; empty when it is gone
 * @param containers every container of the sandbox
 */
public record ContainerEvent(
    String id,
    Type type,
    Instant createdAt,
    Optional<PodSandboxStatus> sandbox,
    List<ContainerStatus> containers) {

  public ContainerEvent {
    containers = List.copyOf(containers);
  }

  /** What happened. */
  public enum Type {
    CREATED,
    STARTED,
    STOPPED,
    DELETED
  }
}
