package org.k3sjvm.agent;

import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodIP;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.k3sjvm.base.lifetime.Service;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.kube.KubeApi;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Reflector;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.tunnel.EgressView;

/**
 * Which pods of this node servers may reach through its tunnels, in egress mode {@code pod}.
 * Source: k3s v1.36.3 pkg/agent/tunnel/tunnel.go watchPods.
 */
final class EgressPods implements Service {
  private final KubeApi controller;
  private final String nodeName;
  private final Set<InetAddress> nodeIps;

  /** The watching thread's own. */
  private final Map<ObjectName, Reach> known = new HashMap<>();

  private volatile EgressView view;

  /**
   * What one pod adds.
   *
   * @param hostPorts of a pod that shares the node's network
   */
  record Reach(Set<InetAddress> ips, Set<Integer> hostPorts) {}

  EgressPods(KubeApi controller, String nodeName, Set<InetAddress> nodeIps) {
    this.controller = controller;
    this.nodeName = nodeName;
    this.nodeIps = nodeIps;
    this.view = new EgressView(Set.of(), nodeIps, Set.of(), List.of());
  }

  /** As it is now; never blocks. */
  EgressView view() {
    return view;
  }

  @Override
  public void run() throws InterruptedException {
    new Reflector<>(
            controller, Resources.PODS, Selection.byField("spec.nodeName=" + nodeName), this::on)
        .run();
  }

  void on(ReflectorEvent<Pod> event) {
    switch (event) {
      case ReflectorEvent.Added<Pod>(Pod pod) -> known.put(ObjectName.of(pod), reach(pod));
      case ReflectorEvent.Modified<Pod>(Pod pod) -> known.put(ObjectName.of(pod), reach(pod));
      case ReflectorEvent.Deleted<Pod>(ObjectName name, String _) -> known.remove(name);
      case ReflectorEvent.Synced<Pod>(), ReflectorEvent.Recalled<Pod>() -> {}
    }
    view =
        new EgressView(
            known.values().stream().flatMap(r -> r.ips().stream()).collect(Collectors.toSet()),
            nodeIps,
            known.values().stream()
                .flatMap(r -> r.hostPorts().stream())
                .collect(Collectors.toSet()),
            List.of());
  }

  /** Nothing once it is to go. */
  private static Reach reach(Pod pod) {
    if (pod.getMetadata().getDeletionTimestamp() != null) {
      return new Reach(Set.of(), Set.of());
    }
    if (Boolean.TRUE.equals(pod.getSpec().getHostNetwork())) {
      return new Reach(
          Set.of(),
          pod.getSpec().getContainers().stream()
              .flatMap(container -> container.getPorts().stream())
              .filter(port -> port.getProtocol() == null || port.getProtocol().equals("TCP"))
              .map(ContainerPort::getContainerPort)
              .collect(Collectors.toSet()));
    }
    Stream<PodIP> ips =
        pod.getStatus() == null ? Stream.of() : pod.getStatus().getPodIPs().stream();
    return new Reach(
        ips.map(PodIP::getIp)
            .filter(ip -> ip != null && IpAddresses.isLiteral(ip))
            .map(IpAddresses::parse)
            .collect(Collectors.toSet()),
        Set.of());
  }
}
