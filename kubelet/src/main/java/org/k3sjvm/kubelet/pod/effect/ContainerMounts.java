package org.k3sjvm.kubelet.pod.effect;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.VolumeDevice;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.k3sjvm.cri.Device;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.Mount;
import org.k3sjvm.cri.RuntimeStatus;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.translate.ConfigException;
import org.k3sjvm.kubelet.translate.ContainerConfigs;
import org.k3sjvm.kubelet.volume.MountedVolume;
import org.k3sjvm.kubelet.volume.VolumeException;

/**
 * What a container sees of the host: its volumes or parts of them, the hosts file, and the file for
 * its last words.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go, makeMounts.
 */
final class ContainerMounts {
  private static final boolean SELINUX = Files.exists(Path.of("/sys/fs/selinux/enforce"));

  private final Toolbox tools;
  private final CreateSandbox sandboxes;
  private final PodFiles files;

  ContainerMounts(Toolbox tools, CreateSandbox sandboxes, PodFiles files) {
    this.tools = tools;
    this.sandboxes = sandboxes;
    this.files = files;
  }

  /**
   * In the order of the pod, then the hosts file and the termination log.
   *
   * @param images volumes that are images, by name
   */
  List<Mount> of(
      DesiredPod pod,
      Container container,
      Map<String, ImageSpec> images,
      List<String> podIps,
      Map<String, String> env,
      int restartCount)
      throws InterruptedException, IOException {
    Map<String, MountedVolume> volumes = tools.mounted().getOrDefault(pod.uid(), Map.of());
    List<Mount> mounts = new ArrayList<>();
    boolean ownHosts = false;
    int index = 0;
    for (VolumeMount mount : container.getVolumeMounts()) {
      ownHosts |= mount.getMountPath().equals("/etc/hosts");
      ImageSpec image = images.get(mount.getName());
      if (image != null) {
        index++;
        mounts.add(show(mount, image, SubPathText.of(mount, env)));
        continue;
      }
      MountedVolume volume = volumes.get(mount.getName());
      if (volume == null) {
        throw new ConfigException(
            "cannot find volume \""
                + mount.getName()
                + "\" to mount into container \""
                + container.getName()
                + "\"");
      }
      mounts.add(bind(mount, volume, part(pod, container, index++, mount, volume.path(), env)));
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
    String sub = SubPathText.of(mount, env);
    if (sub.isEmpty()) {
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

  private Mount bind(VolumeMount mount, MountedVolume volume, Path host)
      throws InterruptedException {
    boolean readOnly = volume.readOnly() || Boolean.TRUE.equals(mount.getReadOnly());
    return new Mount(
        mount.getMountPath(),
        host.toString(),
        readOnly,
        volume.managed() && SELINUX,
        propagation(mount),
        List.of(),
        List.of(),
        recursiveReadOnly(mount),
        Optional.empty(),
        "");
  }

  /** The runtime mounts it, and finds the part of it: nothing of an image is a path of the host. */
  private Mount show(VolumeMount mount, ImageSpec image, String part) throws InterruptedException {
    return new Mount(
        mount.getMountPath(),
        "",
        true,
        false,
        propagation(mount),
        List.of(),
        List.of(),
        recursiveReadOnly(mount),
        Optional.of(image),
        part);
  }

  /** Source: kubelet v1.36 pkg/kubelet/kubelet_pods.go, resolveRecursiveReadOnly. */
  private boolean recursiveReadOnly(VolumeMount mount) throws InterruptedException {
    String mode = Objects.requireNonNullElse(mount.getRecursiveReadOnly(), "Disabled");
    if (mode.equals("Disabled") || !Boolean.TRUE.equals(mount.getReadOnly())) {
      return false;
    }
    boolean able =
        tools.runtime().status().handlers().stream()
            .anyMatch(RuntimeStatus.RuntimeHandler::recursiveReadOnlyMounts);
    if (!able && mode.equals("Enabled")) {
      throw new ConfigException(
          "volume \""
              + mount.getName()
              + "\" requested recursive read-only mode, but it is not supported by the runtime");
    }
    return able;
  }

  private static Mount.Propagation propagation(VolumeMount mount) {
    return switch (Objects.requireNonNullElse(mount.getMountPropagation(), "None")) {
      case "HostToContainer" -> Mount.Propagation.HOST_TO_CONTAINER;
      case "Bidirectional" -> Mount.Propagation.BIDIRECTIONAL;
      default -> Mount.Propagation.PRIVATE;
    };
  }

  /** Where the pod's volumes are on the host, by name. */
  Map<String, Path> paths(DesiredPod pod) {
    return tools.mounted().getOrDefault(pod.uid(), Map.of()).entrySet().stream()
        .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, entry -> entry.getValue().path()));
  }

  /** Block volumes. */
  List<Device> devices(DesiredPod pod, Container container) {
    Map<String, MountedVolume> volumes = tools.mounted().getOrDefault(pod.uid(), Map.of());
    List<Device> devices = new ArrayList<>();
    for (VolumeDevice device : container.getVolumeDevices()) {
      MountedVolume volume = volumes.get(device.getName());
      if (volume == null) {
        throw new ConfigException(
            "cannot find volume \"" + device.getName() + "\" to pass into container");
      }
      String rights = volume.readOnly() ? "r" : "mrw";
      devices.add(new Device(device.getDevicePath(), volume.path().toString(), rights));
    }
    return devices;
  }

  /** Groups that the pod's volumes ask for. */
  List<Long> groups(DesiredPod pod) {
    return tools.mounted().getOrDefault(pod.uid(), Map.of()).values().stream()
        .flatMapToLong(volume -> volume.group().stream())
        .distinct()
        .boxed()
        .toList();
  }
}
