package org.k3sjvm.kubelet.volume;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.k3sjvm.kube.KubeJson;

/**
 * A volume of a pod, for people who look.
 *
 * @param kind as the pod's spec calls its source: {@code configMap}, {@code hostPath} …
 * @param path where it is on this host; empty while it is not set up
 * @param fault why the last try to set it up, or to bring it up to date, failed
 */
public record VolumeReport(String name, String kind, Optional<Path> path, Optional<String> fault) {
  /** Those that a container of the pod uses, in the order of its spec. */
  static List<VolumeReport> of(
      Pod pod, Map<String, MountedVolume> mounted, Map<String, String> faults) {
    Set<String> wanted = PodFacts.usedVolumes(pod.getSpec());
    return PodFacts.orEmpty(pod.getSpec().getVolumes()).stream()
        .filter(volume -> wanted.contains(volume.getName()) && volume.getImage() == null)
        .map(
            volume ->
                new VolumeReport(
                    volume.getName(),
                    kind(volume),
                    Optional.ofNullable(mounted.get(volume.getName())).map(MountedVolume::path),
                    Optional.ofNullable(faults.get(volume.getName()))))
        .toList();
  }

  private static String kind(Volume volume) {
    JsonNode json = KubeJson.tree(volume);
    for (var field : json.properties()) {
      if (!field.getKey().equals("name") && !field.getValue().isNull()) {
        return field.getKey();
      }
    }
    return "unknown";
  }
}
