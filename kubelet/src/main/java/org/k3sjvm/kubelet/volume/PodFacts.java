package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EphemeralContainer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.kube.QuantityNumber;

/** What volumes need to know of a pod. */
final class PodFacts {
  private PodFacts() {}

  /** The volumes that some container mounts, or has as devices. */
  static Set<String> usedVolumes(PodSpec spec) {
    Set<String> names = mountedVolumes(spec);
    names.addAll(devices(spec));
    return names;
  }

  private static Set<String> devices(PodSpec spec) {
    Set<String> names = new HashSet<>();
    containers(spec)
        .flatMap(container -> orEmpty(container.getVolumeDevices()).stream())
        .forEach(device -> names.add(device.getName()));
    return names;
  }

  private static Set<String> mountedVolumes(PodSpec spec) {
    Set<String> names = new HashSet<>();
    containers(spec).forEach(container -> addAll(names, container.getVolumeMounts()));
    for (EphemeralContainer container : orEmpty(spec.getEphemeralContainers())) {
      addAll(names, container.getVolumeMounts());
    }
    return names;
  }

  /** Whether a volume shows something of the pod's own metadata or resources. */
  static boolean showsItself(Pod pod) {
    return orEmpty(pod.getSpec().getVolumes()).stream()
        .anyMatch(
            volume ->
                volume.getDownwardAPI() != null
                    || (volume.getProjected() != null
                        && orEmpty(volume.getProjected().getSources()).stream()
                            .anyMatch(part -> part.getDownwardAPI() != null)));
  }

  /**
   * Checks that a claimed volume is used as what it is. Source: kubelet v1.36
   * desired_state_of_world_populator.go, createVolumeSpec.
   */
  static void checkMode(PodSpec spec, Volume volume, boolean isBlock) {
    String name = volume.getName();
    if (isBlock && mountedVolumes(spec).contains(name)) {
      throw VolumeException.unprocessed(
          name, "volume " + name + " has volumeMode Block, but is specified in volumeMounts");
    }
    if (!isBlock && devices(spec).contains(name)) {
      throw VolumeException.unprocessed(
          name, "volume " + name + " has volumeMode Filesystem, but is specified in volumeDevices");
    }
  }

  /** Init containers and containers. */
  static Stream<Container> containers(PodSpec spec) {
    return Stream.concat(
        orEmpty(spec.getInitContainers()).stream(), orEmpty(spec.getContainers()).stream());
  }

  /** The group that owns the pod's volumes. */
  static OptionalInt fsGroup(Pod pod) {
    var context = pod.getSpec().getSecurityContext();
    return context == null || context.getFsGroup() == null
        ? OptionalInt.empty()
        : OptionalInt.of(context.getFsGroup().intValue());
  }

  /** Whether persistent volumes whose root is right are left as they are. */
  static boolean onlyOnRootMismatch(Pod pod) {
    var context = pod.getSpec().getSecurityContext();
    return context != null && "OnRootMismatch".equals(context.getFsGroupChangePolicy());
  }

  /**
   * The user that all containers run as, if the pod says so for each and it is one.
   *
   * <p>Source: kubelet v1.36 pkg/volume/util, FsUserFrom.
   */
  static OptionalInt onlyUser(Pod pod) {
    var podContext = pod.getSpec().getSecurityContext();
    @Nullable Long ofPod = podContext == null ? null : podContext.getRunAsUser();
    List<@Nullable Long> users = new ArrayList<>();
    containers(pod.getSpec())
        .forEach(
            container -> {
              var context = container.getSecurityContext();
              boolean own = context != null && context.getRunAsUser() != null;
              users.add(own ? context.getRunAsUser() : ofPod);
            });
    @Nullable Long first = users.isEmpty() ? null : users.getFirst();
    return first != null && users.stream().allMatch(first::equals)
        ? OptionalInt.of(first.intValue())
        : OptionalInt.empty();
  }

  /** The memory that the pod may use in all; empty when a container has no limit. */
  static Optional<Long> memoryLimit(PodSpec spec) {
    long sum = 0;
    for (Container container : orEmpty(spec.getContainers())) {
      var resources = container.getResources();
      @Nullable Map<String, Quantity> limits = resources == null ? null : resources.getLimits();
      @Nullable Quantity limit = limits == null ? null : limits.get("memory");
      if (limit == null) {
        return Optional.empty();
      }
      sum += QuantityNumber.of(limit).longValue();
    }
    return sum == 0 ? Optional.empty() : Optional.of(sum);
  }

  static <T> List<T> orEmpty(@Nullable List<T> list) {
    return list == null ? List.of() : list;
  }

  private static void addAll(Set<String> names, @Nullable List<VolumeMount> mounts) {
    orEmpty(mounts).forEach(mount -> names.add(mount.getName()));
  }
}
