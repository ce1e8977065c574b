package org.k3sjvm.kubelet.pod.effect;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.k3sjvm.cri.Mount;
import org.k3sjvm.kubelet.env.Expansion;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.translate.ConfigException;
import org.k3sjvm.kubelet.translate.ContainerConfigs;
import org.k3sjvm.kubelet.volume.VolumeException;

/**
 * What a container sees of the host: its volumes or parts of them, the hosts file, and the file for
 * its last words.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go, makeMounts.
 */
final class ContainerMounts {
  private final Toolbox tools;
  private final CreateSandbox sandboxes;
  private final PodFiles files;

  ContainerMounts(Toolbox tools, CreateSandbox sandboxes, PodFiles files) {
    this.tools = tools;
    this.sandboxes = sandboxes;
    this.files = files;
  }

  /** In the order of the pod, then the hosts file and the termination log. */
  List<Mount> of(
      DesiredPod pod,
      Container container,
      List<String> podIps,
      Map<String, String> env,
      int restartCount)
      throws InterruptedException, IOException {
    Map<String, Path> volumes = tools.mounted().getOrDefault(pod.uid(), Map.of());
    List<Mount> mounts = new ArrayList<>();
    boolean ownHosts = false;
    int index = 0;
    for (VolumeMount mount : container.getVolumeMounts()) {
      Path host = volumes.get(mount.getName());
      if (host == null) {
        throw new ConfigException(
            "cannot find volume \""
                + mount.getName()
                + "\" to mount into container \""
                + container.getName()
                + "\"");
      }
      mounts.add(
          Mount.bind(
              mount.getMountPath(),
              part(pod, container, index++, mount, host, env).toString(),
              Boolean.TRUE.equals(mount.getReadOnly()),
              propagation(mount)));
      ownHosts |= mount.getMountPath().equals("/etc/hosts");
    }
    if (!ownHosts && !podIps.isEmpty()) {
      Path hosts = files.hosts(pod, podIps, sandboxes.names(pod));
      mounts.add(Mount.bind("/etc/hosts", hosts.toString(), false));
    }
    mounts.add(
        Mount.bind(
            Objects.requireNonNullElse(
                container.getTerminationMessagePath(), ContainerConfigs.MESSAGE_PATH),
            files.lastWords(pod, container.getName(), restartCount).toString(),
            false));
    return mounts;
  }

  private Path part(
      DesiredPod pod,
      Container container,
      int index,
      VolumeMount mount,
      Path host,
      Map<String, String> env)
      throws InterruptedException {
    String expression = mount.getSubPathExpr();
    String sub =
        expression != null && !expression.isEmpty()
            ? Expansion.expand(expression, env)
            : mount.getSubPath();
    if (sub == null || sub.isEmpty()) {
      return host;
    }
    try {
      return tools
          .volumes()
          .subPath(pod.pod(), container.getName(), index, mount.getName(), host, sub);
    } catch (VolumeException e) {
      throw new ConfigException(e.getMessage());
    }
  }

  private static Mount.Propagation propagation(VolumeMount mount) {
    return switch (Objects.requireNonNullElse(mount.getMountPropagation(), "None")) {
      case "HostToContainer" -> Mount.Propagation.HOST_TO_CONTAINER;
      case "Bidirectional" -> Mount.Propagation.BIDIRECTIONAL;
      default -> Mount.Propagation.PRIVATE;
    };
  }
}
