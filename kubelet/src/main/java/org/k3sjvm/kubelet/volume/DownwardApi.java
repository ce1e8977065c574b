package org.k3sjvm.kubelet.volume;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.k3sjvm.kubelet.env.PodFields;
import org.k3sjvm.kubelet.translate.ConfigException;

/** Facts of a pod as the text of files. */
final class DownwardApi {
  private DownwardApi() {}

  static String field(Pod pod, String path) {
    return asked(() -> PodFields.field(path, pod));
  }

  /** A request or limit in units of the divisor, rounded up. */
  static String resource(
      Pod pod, ResourceFieldSelector selector, Map<String, Quantity> allocatable) {
    return asked(() -> PodFields.resource(pod, Optional.empty(), selector, allocatable));
  }

  private static String asked(Supplier<String> question) {
    try {
      return question.get();
    } catch (ConfigException e) {
      throw new VolumeException(String.valueOf(e.getMessage()), e);
    }
  }
}
