package org.k3sjvm.kubelet.volume;

import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * A volume that is set up.
 *
 * @param path the directory, file, socket or device of the host
 * @param readOnly whether containers may only read it, whatever their mounts say
 * @param managed whether it belongs to the pod, and may be given the pod's SELinux label
 * @param group that processes must have to use it, besides the pod's own
 */
public record MountedVolume(Path path, boolean readOnly, boolean managed, OptionalLong group) {
  static MountedVolume ofPod(Path path) {
    return new MountedVolume(path, false, true, OptionalLong.empty());
  }

  static MountedVolume ofPodReadOnly(Path path) {
    return new MountedVolume(path, true, true, OptionalLong.empty());
  }

  static MountedVolume ofHost(Path path, boolean readOnly) {
    return new MountedVolume(path, readOnly, false, OptionalLong.empty());
  }

  MountedVolume withGroup(OptionalLong gid) {
    return new MountedVolume(path, readOnly, managed, gid);
  }
}
