package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resource;
import org.k3sjvm.kube.Resources;

/** An object that volumes are made of. */
record ObjectKey(Kind kind, ObjectName name) {
  enum Kind {
    CONFIG_MAP,
    SECRET;

    Resource<? extends HasMetadata> resource() {
      return switch (this) {
        case CONFIG_MAP -> Resources.CONFIG_MAPS;
        case SECRET -> Resources.SECRETS;
      };
    }
  }

  /** The objects of one volume. */
  static Set<ObjectKey> of(Pod pod, Volume volume) {
    Set<ObjectKey> keys = new HashSet<>();
    if (volume.getConfigMap() != null) {
      add(keys, pod, Kind.CONFIG_MAP, volume.getConfigMap().getName());
    }
    if (volume.getSecret() != null) {
      add(keys, pod, Kind.SECRET, volume.getSecret().getSecretName());
    }
    if (volume.getProjected() != null) {
      for (VolumeProjection part : PodFacts.orEmpty(volume.getProjected().getSources())) {
        if (part.getConfigMap() != null) {
          add(keys, pod, Kind.CONFIG_MAP, part.getConfigMap().getName());
        }
        if (part.getSecret() != null) {
          add(keys, pod, Kind.SECRET, part.getSecret().getName());
        }
      }
    }
    return keys;
  }

  private static void add(Set<ObjectKey> keys, Pod pod, Kind kind, @Nullable String name) {
    if (name != null && !name.isEmpty()) {
      keys.add(new ObjectKey(kind, new ObjectName(pod.getMetadata().getNamespace(), name)));
    }
  }
}
