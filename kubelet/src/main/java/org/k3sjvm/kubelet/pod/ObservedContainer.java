package org.k3sjvm.kubelet.pod;

import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.cri.ContainerId;
import org.k3sjvm.cri.ContainerState;
import org.k3sjvm.cri.ContainerStatus.ContainerUser;
import org.k3sjvm.cri.LinuxResources;
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
 * @param actual what is in force for it
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
    String logPath,
    Actual actual) {

  /** With nothing known of what is in force. */
  public ObservedContainer(
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
    this(
        id,
        sandbox,
        name,
        attempt,
        state,
        hash,
        createdAt,
        startedAt,
        finishedAt,
        exitCode,
        reason,
        message,
        image,
        imageRef,
        logPath,
        Actual.UNKNOWN);
  }

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

  /**
   * What the runtime applied, where it says so.
   *
   * @param stopSignal such as {@code SIGTERM}; empty when unknown
   * @param recursiveReadOnly paths in the container below which nothing can be written
   */
  public record Actual(
      Optional<LinuxResources> resources,
      Optional<ContainerUser> user,
      String stopSignal,
      Set<String> recursiveReadOnly) {
    static final Actual UNKNOWN = new Actual(Optional.empty(), Optional.empty(), "", Set.of());

    public Actual {
      recursiveReadOnly = Set.copyOf(recursiveReadOnly);
    }
  }
}
