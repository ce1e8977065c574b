package org.k3sjvm.kubelet.pod;

import java.time.Instant;
import java.util.Optional;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.SandboxId;

/**
 * A container as the runtime shows it.
 *
 * @param attempt how often the container had been restarted when this instance was made
 * @param hash what the definition was when it was made; empty when whoever made it left none
 * @param exitCode meaningful once exited
 * @param message the termination message, or the runtime's
 * @param image as status names it
 * @param imageRef with a digest where the runtime has one
 * @param logPath absolute; empty for none
 */
public record ObservedContainer(
    ContainerId id,
    SandboxId sandbox,
    String name,
    int attempt,
    ContainerState state,
    Optional<String> hash,
    Instant createdAt,
    Optional<Instant> startedAt,
    Optional<Instant> finishedAt,
    int exitCode,
    String reason,
    String message,
    String image,
    String imageRef,
    String logPath) {

  public boolean running() {
    return state == ContainerState.RUNNING;
  }

  public boolean exited() {
    return state == ContainerState.EXITED;
  }

  /** Whether something of it may still run. */
  public boolean alive() {
    return state == ContainerState.RUNNING || state == ContainerState.UNKNOWN;
  }
}
