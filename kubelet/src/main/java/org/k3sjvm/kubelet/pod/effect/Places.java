package org.k3sjvm.kubelet.pod.effect;

import java.nio.file.Path;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodUid;
import org.k3sjvm.kubelet.translate.ConfigException;
import org.k3sjvm.kubelet.translate.SandboxConfigs;

/**
 * Where the files of pods lie.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kubelet_getters.go.
 *
 * @param root pods' directories and volumes
 * @param podLogs where the runtime writes container logs
 * @param containerLogs links by container name
 */
public record Places(Path root, Path podLogs, Path containerLogs) {
  private static final int LONGEST_NAME = 255;

  public Path pods() {
    return root.resolve("pods");
  }

  public Path pod(PodUid uid) {
    return pods().resolve(component(uid.value()));
  }

  Path etcHosts(PodUid uid) {
    return pod(uid).resolve("etc-hosts");
  }

  /** Where a container leaves its last words. */
  Path lastWords(PodUid uid, String container, int restartCount) {
    return pod(uid)
        .resolve("containers")
        .resolve(component(container))
        .resolve(String.format("%08x", restartCount));
  }

  /** API servers see to it; a name from elsewhere must not lead out of the pod's directory. */
  private static String component(String name) {
    if (name.isEmpty() || name.equals(".") || name.equals("..") || name.contains("/")) {
      throw new ConfigException("not the name of a directory: \"" + name + "\"");
    }
    return name;
  }

  Path logDirectory(DesiredPod pod) {
    return SandboxConfigs.logDirectory(podLogs, pod);
  }

  /** As much of a name as leaves room for what follows in the name of a file. */
  static String shortened(String name, int follows) {
    return name.substring(0, Math.min(name.length(), LONGEST_NAME - follows));
  }

  /** Log collectors read pod, namespace, container and id off the name. */
  Path logLink(DesiredPod pod, String container, String id) {
    String end = "-" + id + ".log";
    String name = pod.name() + "_" + pod.namespace() + "_" + container;
    return containerLogs.resolve(shortened(name, end.length()) + end);
  }
}
