package org.k3sjvm.kubelet.volume;

import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Where volumes lie below the kubelet's root, as upstream, so that either kubelet can take over the
 * other's directories. Source: kubelet v1.36 pkg/kubelet/kubelet_getters.go.
 */
record VolumeLayout(Path root) {
  /** What makes a volume, as it is spelled in directory names. */
  enum Plugin {
    EMPTY_DIR("kubernetes.io~empty-dir"),
    CONFIG_MAP("kubernetes.io~configmap"),
    SECRET("kubernetes.io~secret"),
    DOWNWARD_API("kubernetes.io~downward-api"),
    PROJECTED("kubernetes.io~projected"),
    LOCAL("kubernetes.io~local-volume"),
    NFS("kubernetes.io~nfs");

    private final String directory;

    Plugin(String directory) {
      this.directory = directory;
    }

    String directory() {
      return directory;
    }

    /** Whether the content goes with the pod; that of others is only ever unmounted. */
    static boolean ownsContent(String directory) {
      return Stream.of(EMPTY_DIR, CONFIG_MAP, SECRET, DOWNWARD_API, PROJECTED)
          .anyMatch(plugin -> plugin.directory.equals(directory));
    }
  }

  Path pods() {
    return root.resolve("pods");
  }

  Path pod(String uid) {
    return pods().resolve(component(uid));
  }

  Path volumes(String uid) {
    return pod(uid).resolve("volumes");
  }

  Path volume(String uid, Plugin plugin, String name) {
    return volumes(uid).resolve(plugin.directory).resolve(component(name));
  }

  Path subPaths(String uid) {
    return pod(uid).resolve("volume-subpaths");
  }

  Path subPath(String uid, String volume, String container, int mountIndex) {
    return subPaths(uid)
        .resolve(component(volume))
        .resolve(component(container))
        .resolve(Integer.toString(mountIndex));
  }

  /** Where upstream keeps the marks of volumes that it set up; taken away with the pod. */
  Path plugins(String uid) {
    return pod(uid).resolve("plugins");
  }

  /** API servers see to it; a name from elsewhere must not lead out of the pod's directory. */
  private static String component(String name) {
    if (name.isEmpty() || name.equals(".") || name.equals("..") || name.contains("/")) {
      throw new VolumeException("not the name of a directory: \"" + name + "\"");
    }
    return name;
  }
}
