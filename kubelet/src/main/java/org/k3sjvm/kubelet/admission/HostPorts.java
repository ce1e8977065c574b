package org.k3sjvm.kubelet.admission;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Ports of the host that pods take for themselves.
 *
 * <p>Source: Kubernetes v1.36 pkg/scheduler/framework/plugins/nodeports and types.go, HostPortInfo.
 */
final class HostPorts {
  private static final String ANY = "0.0.0.0";

  private record Taken(String ip, String protocol, int port) {
    boolean conflicts(Taken other) {
      return port == other.port
          && protocol.equals(other.protocol)
          && (ip.equals(ANY) || other.ip.equals(ANY) || ip.equals(other.ip));
    }
  }

  private HostPorts() {}

  static boolean free(Pod pod, List<Pod> others) {
    List<Taken> wanted = of(pod);
    return wanted.isEmpty()
        || others.stream()
            .flatMap(o -> of(o).stream())
            .noneMatch(taken -> wanted.stream().anyMatch(taken::conflicts));
  }

  private static List<Taken> of(Pod pod) {
    Stream<Container> sidecars =
        pod.getSpec().getInitContainers().stream()
            .filter(c -> "Always".equals(c.getRestartPolicy()));
    return Stream.concat(pod.getSpec().getContainers().stream(), sidecars)
        .flatMap(c -> c.getPorts().stream())
        .filter(p -> p.getHostPort() != null && p.getHostPort() > 0)
        .map(HostPorts::taken)
        .toList();
  }

  private static Taken taken(ContainerPort port) {
    return new Taken(or(port.getHostIP(), ANY), or(port.getProtocol(), "TCP"), port.getHostPort());
  }

  private static String or(@Nullable String text, String otherwise) {
    return text == null || text.isEmpty() ? otherwise : text;
  }
}
