package org.k3sjvm.networkpolicy.model;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.kube.ObjectName;

/**
 * What policies may ask about a pod.
 *
 * @param addresses in the short form of RFC 5952; empty when it has none or shares the node's
 * @param ports with names only
 * @param node where it runs; empty when it is not placed
 * @param over whether its phase is final: its addresses may be another's by now
 * @param deleting whether somebody asked for its end
 * @param created as the API writes it, for which of two pods is the newer
 */
public record PodFacts(
    ObjectName name,
    String uid,
    Map<String, String> labels,
    List<String> addresses,
    List<NamedPort> ports,
    String node,
    boolean over,
    boolean deleting,
    String created) {

  public PodFacts {
    labels = Map.copyOf(labels);
    addresses = List.copyOf(addresses);
    ports = List.copyOf(ports);
  }

  /** Keeps nothing of the object but strings. */
  public static PodFacts of(Pod pod) {
    return of(pod, statusAddresses(pod.getStatus()));
  }

  /** With addresses that are known better than from its status. */
  public static PodFacts of(Pod pod, List<String> addresses) {
    var meta = pod.getMetadata();
    var spec = pod.getSpec();
    boolean hostNetwork = spec != null && Boolean.TRUE.equals(spec.getHostNetwork());
    String phase = pod.getStatus() == null ? "" : text(pod.getStatus().getPhase());
    return new PodFacts(
        ObjectName.of(pod),
        text(meta.getUid()),
        Objects.requireNonNullElse(meta.getLabels(), Map.of()),
        hostNetwork ? List.of() : normal(addresses),
        spec == null ? List.of() : namedPorts(spec.getContainers()),
        spec == null ? "" : text(spec.getNodeName()),
        phase.equals("Succeeded") || phase.equals("Failed"),
        meta.getDeletionTimestamp() != null,
        text(meta.getCreationTimestamp()));
  }

  public PodFacts withAddresses(List<String> known) {
    return new PodFacts(name, uid, labels, known, ports, node, over, deleting, created);
  }

  /** Init containers' ports are not looked at. Source: kube-router v2.6 grabNamedPortFromPod. */
  private static List<NamedPort> namedPorts(List<Container> containers) {
    List<NamedPort> named = new ArrayList<>();
    for (Container container : containers) {
      for (ContainerPort port : container.getPorts()) {
        if (port.getName() != null && !port.getName().isEmpty()) {
          Protocol.of(text(port.getProtocol()))
              .map(p -> new NamedPort(port.getName(), p, port.getContainerPort()))
              .ifPresent(named::add);
        }
      }
    }
    return named;
  }

  private static List<String> statusAddresses(@org.jspecify.annotations.Nullable PodStatus status) {
    if (status == null) {
      return List.of();
    }
    List<String> all = new ArrayList<>();
    for (PodIP ip : Objects.requireNonNullElse(status.getPodIPs(), List.<PodIP>of())) {
      all.add(ip.getIp());
    }
    if (all.isEmpty() && status.getPodIP() != null) {
      all.add(status.getPodIP());
    }
    return all;
  }

  private static List<String> normal(List<String> addresses) {
    return addresses.stream()
        .filter(a -> a != null && IpAddresses.isLiteral(a))
        .map(a -> IpAddresses.text(IpAddresses.parse(a)))
        .distinct()
        .toList();
  }

  private static String text(@org.jspecify.annotations.Nullable String value) {
    return value == null ? "" : value;
  }
}
