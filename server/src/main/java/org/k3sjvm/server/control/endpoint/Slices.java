package org.k3sjvm.server.control.endpoint;

import static org.k3sjvm.server.control.cluster.Fields.labels;
import static org.k3sjvm.server.control.cluster.Fields.list;
import static org.k3sjvm.server.control.cluster.Fields.map;
import static org.k3sjvm.server.control.cluster.Fields.text;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.k3sjvm.server.control.cluster.Pods;
import org.k3sjvm.server.control.cluster.Selector;

/** The endpoints of a Service as they should be: the decision, without effects. */
final class Slices {
  /** Source: kube-controller-manager v1.36 --max-endpoints-per-slice. */
  static final int MOST_PER_SLICE = 100;

  /**
   * What a slice holds.
   *
   * @param family {@code IPv4} or {@code IPv6}
   */
  record Content(String family, List<EndpointPort> ports, List<Endpoint> endpoints) {
    Content {
      ports = List.copyOf(ports);
      endpoints = List.copyOf(endpoints);
    }
  }

  private record Group(String family, List<EndpointPort> ports) {}

  private Slices() {}

  /** Whether this controller keeps the endpoints of a service. */
  static boolean isKept(Service service) {
    return service.getSpec() != null
        && !map(service.getSpec().getSelector()).isEmpty()
        && !"ExternalName".equals(service.getSpec().getType());
  }

  /**
   * The slices of a service, one at least per IP family.
   *
   * @param pods of its namespace, in any order
   */
  static List<Content> of(Service service, List<Pod> pods) {
    Selector selector = Selector.equalTo(service.getSpec().getSelector());
    Map<Group, List<Endpoint>> groups = new LinkedHashMap<>();
    for (String family : families(service)) {
      for (Pod pod : pods) {
        if (selector.matches(labels(pod)) && !Pods.isTerminal(pod)) {
          address(pod, family)
              .ifPresent(
                  ip ->
                      groups
                          .computeIfAbsent(
                              new Group(family, ports(service, pod)), _ -> new ArrayList<>())
                          .add(endpoint(service, pod, ip)));
        }
      }
      if (groups.keySet().stream().noneMatch(group -> group.family().equals(family))) {
        groups.put(new Group(family, List.of()), List.of());
      }
    }
    List<Content> contents = new ArrayList<>();
    groups.forEach(
        (group, endpoints) -> {
          for (int from = 0; from == 0 || from < endpoints.size(); from += MOST_PER_SLICE) {
            int to = Math.min(endpoints.size(), from + MOST_PER_SLICE);
            contents.add(new Content(group.family(), group.ports(), endpoints.subList(from, to)));
          }
        });
    return contents;
  }

  private static List<String> families(Service service) {
    List<String> families = list(service.getSpec().getIpFamilies());
    if (!families.isEmpty()) {
      return families;
    }
    return text(service.getSpec().getClusterIP()).contains(":") ? List.of("IPv6") : List.of("IPv4");
  }

  private static Optional<String> address(Pod pod, String family) {
    if (pod.getStatus() == null) {
      return Optional.empty();
    }
    List<String> ips = new ArrayList<>();
    list(pod.getStatus().getPodIPs()).stream().map(PodIP::getIp).forEach(ips::add);
    if (ips.isEmpty()) {
      ips.add(text(pod.getStatus().getPodIP()));
    }
    return ips.stream()
        .filter(ip -> !ip.isEmpty() && ip.contains(":") == family.equals("IPv6"))
        .findFirst();
  }

  private static Endpoint endpoint(Service service, Pod pod, String ip) {
    boolean ending = pod.getMetadata().getDeletionTimestamp() != null;
    boolean serving = Pods.isReady(pod);
    boolean always = Boolean.TRUE.equals(service.getSpec().getPublishNotReadyAddresses());
    EndpointConditions conditions = new EndpointConditions();
    conditions.setReady(always || (serving && !ending));
    conditions.setServing(serving);
    conditions.setTerminating(ending);

    Endpoint endpoint = new Endpoint();
    endpoint.setAddresses(List.of(ip));
    endpoint.setConditions(conditions);
    endpoint.setNodeName(Pods.nodeName(pod).isEmpty() ? null : Pods.nodeName(pod));
    endpoint.setTargetRef(reference(pod));
    boolean named =
        service.getMetadata().getName().equals(pod.getSpec().getSubdomain())
            && !text(pod.getSpec().getHostname()).isEmpty();
    if (named) {
      endpoint.setHostname(pod.getSpec().getHostname());
    }
    return endpoint;
  }

  static ObjectReference reference(Pod pod) {
    ObjectReference reference = new ObjectReference();
    reference.setKind("Pod");
    reference.setNamespace(pod.getMetadata().getNamespace());
    reference.setName(pod.getMetadata().getName());
    reference.setUid(pod.getMetadata().getUid());
    return reference;
  }

  /** The service's ports as they are in a pod; a name that the pod does not have is left out. */
  static List<EndpointPort> ports(Service service, Pod pod) {
    List<EndpointPort> ports = new ArrayList<>();
    for (ServicePort wanted : list(service.getSpec().getPorts())) {
      number(wanted, pod)
          .ifPresent(
              number -> {
                EndpointPort port = new EndpointPort();
                port.setName(text(wanted.getName()));
                port.setPort(number);
                port.setProtocol(protocol(wanted.getProtocol()));
                port.setAppProtocol(wanted.getAppProtocol());
                ports.add(port);
              });
    }
    return ports;
  }

  private static Optional<Integer> number(ServicePort wanted, Pod pod) {
    if (wanted.getTargetPort() == null) {
      return Optional.ofNullable(wanted.getPort());
    }
    Integer number = wanted.getTargetPort().getIntVal();
    if (number != null) {
      return Optional.of(number == 0 ? wanted.getPort() : number);
    }
    List<Container> containers = new ArrayList<>(list(pod.getSpec().getContainers()));
    containers.addAll(list(pod.getSpec().getInitContainers()));
    for (Container container : containers) {
      for (ContainerPort port : list(container.getPorts())) {
        if (wanted.getTargetPort().getStrVal().equals(port.getName())
            && protocol(wanted.getProtocol()).equals(protocol(port.getProtocol()))) {
          return Optional.ofNullable(port.getContainerPort());
        }
      }
    }
    return Optional.empty();
  }

  private static String protocol(@org.jspecify.annotations.Nullable String protocol) {
    return protocol == null || protocol.isEmpty() ? "TCP" : protocol;
  }
}
