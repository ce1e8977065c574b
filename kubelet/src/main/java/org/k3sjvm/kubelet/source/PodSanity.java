package org.k3sjvm.kubelet.source;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EphemeralContainer;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Volume;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What every API server sees to, and this node relies on: that a pod has the parts without which
 * nothing can be said of it, and that names which become names of files do not lead elsewhere.
 */
final class PodSanity {
  private static final int LONGEST_NAME = 255;

  private PodSanity() {}

  /** What is wrong, if anything is. */
  static Optional<String> fault(Pod pod) {
    ObjectMeta meta = pod.getMetadata();
    PodSpec spec = pod.getSpec();
    if (meta == null || spec == null) {
      return Optional.of("it has no metadata or no spec");
    }
    return Stream.of(
            bad("uid", meta.getUid()),
            bad("namespace", meta.getNamespace()),
            bad("name", meta.getName()),
            spec.getVolumes().stream().map(Volume::getName).flatMap(n -> bad("volume", n)),
            spec.getInitContainers().stream().map(Container::getName).flatMap(PodSanity::container),
            spec.getContainers().stream().map(Container::getName).flatMap(PodSanity::container),
            spec.getEphemeralContainers().stream()
                .map(EphemeralContainer::getName)
                .flatMap(PodSanity::container))
        .flatMap(faults -> faults)
        .findFirst();
  }

  private static Stream<String> container(@Nullable String name) {
    return bad("container", name);
  }

  private static Stream<String> bad(String what, @Nullable String name) {
    boolean fits =
        name != null
            && !name.isEmpty()
            && !name.equals(".")
            && !name.equals("..")
            && name.indexOf('/') < 0
            && name.indexOf('\0') < 0
            && name.length() <= LONGEST_NAME;
    return fits ? Stream.empty() : Stream.of("its " + what + " is no name: " + name);
  }
}
