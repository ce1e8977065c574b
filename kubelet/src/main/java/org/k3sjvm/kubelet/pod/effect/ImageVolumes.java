package org.k3sjvm.kubelet.pod.effect;

import io.fabric8.kubernetes.api.model.ImageVolumeSource;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.k3sjvm.cri.Image;
import org.k3sjvm.cri.ImageSpec;
import org.k3sjvm.cri.PodSandboxConfig;
import org.k3sjvm.kubelet.image.ImageException;
import org.k3sjvm.kubelet.pod.ContainerSpec;
import org.k3sjvm.kubelet.pod.DesiredPod;
import org.k3sjvm.kubelet.pod.PodEvent;

/**
 * Sees to it that the images are there which a container mounts as volumes. They are pulled like a
 * container's image, for the pod; what fails is told of the container.
 *
 * <p>Source: kubelet v1.36 pkg/kubelet/kuberuntime/kuberuntime_manager.go, getImageVolumes and
 * toKubeContainerImageVolumes.
 */
final class ImageVolumes {
  private final Toolbox tools;

  ImageVolumes(Toolbox tools) {
    this.tools = tools;
  }

  /**
   * By name of the volume, as the runtime is to mount them.
   *
   * @throws ImageException the last one that cannot be had; the others were tried
   */
  Map<String, ImageSpec> of(DesiredPod pod, ContainerSpec spec, PodSandboxConfig sandbox)
      throws InterruptedException {
    Map<String, ImageVolumeSource> sources = sources(pod);
    if (sources.isEmpty()) {
      return Map.of();
    }
    Map<String, ImageSpec> images = new HashMap<>();
    Optional<ImageException> fault = Optional.empty();
    for (VolumeMount mount : spec.container().getVolumeMounts()) {
      ImageVolumeSource source = sources.get(mount.getName());
      if (source == null || images.containsKey(mount.getName())) {
        continue;
      }
      try {
        images.put(mount.getName(), pulled(pod, source, sandbox));
      } catch (ImageException e) {
        tools.output().event(pod, PodEvent.warning("Failed", "Error: " + e.reason()).of(spec));
        fault = Optional.of(e.ofVolume(reference(source)));
      }
    }
    if (fault.isPresent()) {
      throw fault.get();
    }
    return images;
  }

  private static Map<String, ImageVolumeSource> sources(DesiredPod pod) {
    Map<String, ImageVolumeSource> sources = new HashMap<>();
    for (Volume volume : pod.pod().getSpec().getVolumes()) {
      if (volume.getImage() != null) {
        sources.put(volume.getName(), volume.getImage());
      }
    }
    return sources;
  }

  private ImageSpec pulled(DesiredPod pod, ImageVolumeSource source, PodSandboxConfig sandbox)
      throws InterruptedException {
    Image image =
        tools
            .images()
            .ensure(
                reference(source),
                Optional.ofNullable(source.getPullPolicy()),
                Optional.of(sandbox),
                repository -> tools.credentials(pod, repository),
                e -> tools.output().event(pod, e));
    return new ImageSpec(
        image.id(),
        Objects.requireNonNullElse(pod.pod().getMetadata().getAnnotations(), Map.of()),
        reference(source),
        "",
        "");
  }

  private static String reference(ImageVolumeSource source) {
    return Objects.requireNonNullElse(source.getReference(), "");
  }
}
