package org.k3sjvm.cri;

import java.util.List;
import java.util.Optional;

/**
 * A file or directory of the host inside a container.
 *
 * @param hostPath absolute; empty when {@code image} is present
 * @param selinuxRelabel whether the runtime gives it the container's label
 * @param uidMappings for idmapped mounts; empty for none
 * @param recursiveReadOnly mounts below it are read-only too; needs {@code readonly} and {@link
 *     Propagation#PRIVATE}
 * @param image the image whose content is mounted instead of a path
 * @param imageSubPath a path inside that image; empty for all of it
 */
public record Mount(
    String containerPath,
    String hostPath,
    boolean readonly,
    boolean selinuxRelabel,
    Propagation propagation,
    List<IdMapping> uidMappings,
    List<IdMapping> gidMappings,
    boolean recursiveReadOnly,
    Optional<ImageSpec> image,
    String imageSubPath) {

  public Mount {
    uidMappings = List.copyOf(uidMappings);
    gidMappings = List.copyOf(gidMappings);
  }

  /** A private bind mount. */
  public static Mount bind(String containerPath, String hostPath, boolean readonly) {
    return bind(containerPath, hostPath, readonly, Propagation.PRIVATE);
  }

  /** A bind mount. */
  public static Mount bind(
      String containerPath, String hostPath, boolean readonly, Propagation propagation) {
    return new Mount(
        containerPath,
        hostPath,
        readonly,
        false,
        propagation,
        List.of(),
        List.of(),
        false,
        Optional.empty(),
        "");
  }

  /** The same with ids of the host seen as others inside. */
  public Mount withIdMappings(List<IdMapping> uids, List<IdMapping> gids) {
    return new Mount(
        containerPath,
        hostPath,
        readonly,
        selinuxRelabel,
        propagation,
        uids,
        gids,
        recursiveReadOnly,
        image,
        imageSubPath);
  }

  /** Which later mounts cross between host and container. */
  public enum Propagation {
    PRIVATE,
    HOST_TO_CONTAINER,
    BIDIRECTIONAL
  }
}
