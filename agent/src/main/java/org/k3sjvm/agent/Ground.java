package org.k3sjvm.agent;

import java.nio.file.Path;
import org.k3sjvm.linux.cgroup.CgroupFs;
import org.k3sjvm.linux.cgroup.Cgroups;
import org.k3sjvm.linux.mount.KernelMounts;
import org.k3sjvm.linux.mount.Mounts;
import org.k3sjvm.nodepassword.NodeFiles;

/**
 * What a node stands on.
 *
 * @param nodeFiles where the node's password and id live
 * @param logs where the runtime writes the logs of pods, in {@code pods} and {@code containers}
 */
public record Ground(Path nodeFiles, Path logs, Mounts mounts, Cgroups cgroups) {
  /** This host. */
  static Ground host() {
    Mounts mounts = new KernelMounts();
    return new Ground(
        NodeFiles.DEFAULT_DIRECTORY, Path.of("/var/log"), mounts, CgroupFs.detect(mounts));
  }
}
