package org.k3sjvm.kubelet.pod.effect;

import java.nio.file.Path;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodUid;
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
    return pods().resolve(uid.value());
  }

  Path etcHosts(PodUid uid) {
    return pod(uid).resolve("etc-hosts");
  }

  /** Where a container leaves its last words. */
  Path lastWords(PodUid uid, String container, int restartCount) {
    return pod(uid)
        .resolve("containers")
        .resolve(container)
        .resolve(String.format("%08x", restartCount));
  }

  Path logDirectory(DesiredPod pod) {
    return SandboxConfigs.logDirectory(podLogs, pod);
  }

  /** Log collectors read pod, namespace, container and id off the name. */
  Path logLink(DesiredPod pod, String container, String id) {
    String end = "-" + id + ".log";
    String name = pod.name() + "_" + pod.namespace() + "_" + container;
    int room = LONGEST_NAME - end.length();
    return containerLogs.resolve((name.length() > room ? name.substring(0, room) : name) + end);
  }
}
