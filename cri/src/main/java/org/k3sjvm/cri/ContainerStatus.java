package org.k3sjvm.cri;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A container seen closely.
 *
 * @param startedAt empty before the start
 * @param finishedAt empty before the end
 * @param exitCode meaningful once {@link ContainerState#EXITED}
 * @param imageRef digest form where the runtime has one, {@code name@sha256:…}
 * @param imageId the image's id; empty on runtimes older than the field
 * @param reason one word: {@code Completed}, {@code Error}, {@code OOMKilled}, …; may be empty
 * @param logPath absolute; empty for no log
 * @param resources what is in force; empty when the runtime does not say
 * @param stopSignal such as {@code SIGTERM}; empty when the runtime does not say
 */
public record ContainerStatus(
    ContainerId id,
    ContainerMetadata metadata,
    ContainerState state,
    Instant createdAt,
    Optional<Instant> startedAt,
    Optional<Instant> finishedAt,
    int exitCode,
    ImageSpec image,
    String imageRef,
    String imageId,
    String reason,
    String message,
    Map<String, String> labels,
    Map<String, String> annotations,
    List<Mount> mounts,
    String logPath,
    Optional<LinuxResources> resources,
    Optional<ContainerUser> user,
    String stopSignal) {

  public ContainerStatus {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
    mounts = List.copyOf(mounts);
  }

  /** Whom the first process ran as at its start. */
  public record ContainerUser(long uid, long gid, List<Long> supplementalGroups) {
    public ContainerUser {
      supplementalGroups = List.copyOf(supplementalGroups);
    }
  }
}
