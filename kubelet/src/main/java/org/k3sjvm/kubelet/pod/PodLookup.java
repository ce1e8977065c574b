package org.k3sjvm.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.cri.SandboxId;

/**
 * The node's pods as others may see them: the API on port 10250, statistics. Any thread may call;
 * no call blocks on the runtime. What is returned is shared and must not be changed.
 */
public interface PodLookup {
  /** Every pod this node knows, with the newest status, in no order. */
  List<Pod> pods();

  /** The pod of that name; the youngest when an older one of the same name still ends. */
  Optional<Pod> pod(String namespace, String name);

  /** The pod with that uid. */
  Optional<Pod> pod(PodUid uid);

  /**
   * The newest instance of a container.
   *
   * @param previous the instance before the newest instead
   * @return empty when the pod or such an instance is not known
   */
  Optional<ContainerInstance> container(
      String namespace, String name, String container, boolean previous);

  /** The pod's newest sandbox that is ready. */
  Optional<SandboxId> sandbox(String namespace, String name);

  /** What probes have counted, in the Prometheus text format. */
  default String probeMetrics() {
    return "";
  }
}
