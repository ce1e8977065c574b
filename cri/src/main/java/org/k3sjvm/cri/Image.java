package org.k3sjvm.cri;

import java.util.List;
import java.util.Optional;

/**
 * An image on this host.
 *
 * @param id {@code sha256:…} of its config
 * @param repoTags names with tags; may be empty
 * @param repoDigests names with digests; may be empty
 * @param user whom its config names; empty for root
 * @param pinned whether garbage collection must leave it
 */
public record Image(
    String id,
    List<String> repoTags,
    List<String> repoDigests,
    long sizeBytes,
    Optional<ContainerSecurityContext.RunAs> user,
    boolean pinned) {

  public Image {
    repoTags = List.copyOf(repoTags);
    repoDigests = List.copyOf(repoDigests);
  }
}
