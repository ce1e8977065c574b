package org.k3sjvm.server.control.schedule;

import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.text;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a pod takes from a node.
 *
 * @param requests as the kubelet will count them
 * @param ports of the host
 */
public record PodDemand(Amounts requests, List<HostPort> ports) {
  public PodDemand {
    ports = List.copyOf(ports);
  }

  /** A port of the host; an address of all zeros or none stands for every address. */
  public record HostPort(String ip, String protocol, int port) {
    /** Whether both cannot be on one host. */
    public boolean conflicts(HostPort other) {
      return port == other.port
          && protocol.equals(other.protocol)
          && (isAny(ip) || isAny(other.ip) || ip.equals(other.ip));
    }

    private static boolean isAny(String ip) {
      return ip.isEmpty() || ip.equals("0.0.0.0") || ip.equals("::");
    }
  }

  /** The demand of a pod. */
  public static PodDemand of(Pod pod) {
    PodSpec spec = pod.getSpec();
    return new PodDemand(requests(spec), hostPorts(spec));
  }

  /**
   * Containers and sidecars together, or what the largest init container needs beside the sidecars
   * before it, plus overhead. Source: Kubernetes v1.36 component-helpers/resource PodRequests.
   */
  private static Amounts requests(PodSpec spec) {
    Amounts running = Amounts.NONE;
    for (Container container : list(spec.getContainers())) {
      running = running.plus(requested(container.getResources()));
    }
    Amounts sidecars = Amounts.NONE;
    Amounts starting = Amounts.NONE;
    for (Container container : list(spec.getInitContainers())) {
      Amounts own = requested(container.getResources());
      if ("Always".equals(container.getRestartPolicy())) {
        running = running.plus(own);
        sidecars = sidecars.plus(own);
        starting = starting.max(sidecars);
      } else {
        starting = starting.max(own.plus(sidecars));
      }
    }
    return running
        .max(starting)
        .replacedBy(requested(spec.getResources()))
        .plus(Amounts.of(spec.getOverhead()));
  }

  private static Amounts requested(@Nullable ResourceRequirements resources) {
    return resources == null ? Amounts.NONE : Amounts.of(resources.getRequests());
  }

  private static List<HostPort> hostPorts(PodSpec spec) {
    List<HostPort> ports = new ArrayList<>();
    List<Container> containers = new ArrayList<>(list(spec.getContainers()));
    list(spec.getInitContainers()).stream()
        .filter(container -> "Always".equals(container.getRestartPolicy()))
        .forEach(containers::add);
    for (Container container : containers) {
      for (ContainerPort port : list(container.getPorts())) {
        if (port.getHostPort() != null && port.getHostPort() > 0) {
          String protocol = text(port.getProtocol());
          ports.add(
              new HostPort(
                  text(port.getHostIP()),
                  protocol.isEmpty() ? "TCP" : protocol,
                  port.getHostPort()));
        }
      }
    }
    return ports;
  }
}
