package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * The volumes of the pods of this node. Any thread may call; calls for one pod are made one after
 * the other.
 */
public interface PodVolumes {
  /**
   * Sets up every volume that a container of the pod uses. Idempotent; call it again on each sync
   * of the pod, about once a minute: configMap, secret, downwardAPI and projected volumes are then
   * brought up to date.
   *
   * @return by name of the volume
   * @throws VolumeException the first volume that cannot be set up; the others were tried. Retry
   *     with backoff
   */
  Map<String, MountedVolume> mount(Pod pod) throws InterruptedException;

  /**
   * A newer version of a pod is known: files that show its labels, annotations or resources are
   * brought up to date, on another thread. Nothing happens for a pod that has no volumes yet.
   */
  default void changed(Pod pod) {}

  /** Brings volumes up to date as soon as their objects change, until interrupted. */
  default void keepFresh() throws InterruptedException {}

  /**
   * Makes the part of a volume that a mount with {@code subPath} shows, and pins it so that the pod
   * cannot lead it out of the volume by a symbolic link.
   *
   * @param volume name of the volume
   * @param mounted where {@link #mount} put it
   * @param subPath relative, already expanded
   * @param mountIndex place of the mount among the container's mounts
   * @return the path to hand to the runtime
   * @throws VolumeException when the path leaves the volume or cannot be made
   */
  Path subPath(
      Pod pod, String container, int mountIndex, String volume, Path mounted, String subPath)
      throws InterruptedException;

  /**
   * Takes a pod's volumes down and deletes what they hold; the pod's containers have ended.
   * Idempotent, needs no memory of the mount: it works after a restart.
   *
   * @throws VolumeException when something is still mounted; retry
   */
  void unmount(String podUid) throws InterruptedException;

  /** The uids of the pods that have a directory with volumes on this host. */
  Set<String> podsOnDisk() throws IOException;
}
