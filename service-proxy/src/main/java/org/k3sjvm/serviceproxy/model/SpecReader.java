package org.k3sjvm.serviceproxy.model;

import io.fabric8.kubernetes.api.model.LoadBalancerIngress;
import io.fabric8.kubernetes.api.model.LoadBalancerStatus;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServiceStatus;
import io.fabric8.kubernetes.api.model.SessionAffinityConfig;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointHints;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.ForNode;
import io.fabric8.kubernetes.api.model.discovery.v1.ForZone;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.filter.Packed;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From objects of the API to what the proxy keeps of them. What no API server lets pass, such as a
 * hole in a list or a port beyond 65535, is left out: it must not cost the other services.
 */
public final class SpecReader {
  private static final Logger log = LoggerFactory.getLogger(SpecReader.class);

  private static final int DEFAULT_AFFINITY_SECONDS = 10_800;
  private static final int LONGEST_AFFINITY_SECONDS = 86_400;
  private static final int HIGHEST_PORT = 65_535;

  private SpecReader() {}

  /**
   * Empty for services that have no address of their own. Source: kube-proxy v1.36 pkg/proxy/util
   * ShouldSkipService.
   */
  public static Optional<ServiceSpec> service(Service service) {
    var spec = service.getSpec();
    if (spec == null
        || orEmpty(spec.getClusterIP()).isEmpty()
        || orEmpty(spec.getClusterIP()).equals("None")
        || orEmpty(spec.getType()).equals("ExternalName")) {
      return Optional.empty();
    }
    List<String> clusterIps =
        all(spec.getClusterIPs()).isEmpty()
            ? List.of(orEmpty(spec.getClusterIP()))
            : all(spec.getClusterIPs());
    List<Packed> readable = addresses(service, clusterIps);
    if (readable.isEmpty()) {
      return Optional.empty();
    }
    boolean reachedFromOutside =
        orEmpty(spec.getType()).equals("NodePort")
            || orEmpty(spec.getType()).equals("LoadBalancer")
            || !all(spec.getExternalIPs()).isEmpty();
    return Optional.of(
        new ServiceSpec(
            all(spec.getPorts()).stream().map(SpecReader::port).flatMap(Optional::stream).toList(),
            readable,
            addresses(service, all(spec.getExternalIPs())),
            addresses(service, loadBalancerIps(service)),
            networks(service, all(spec.getLoadBalancerSourceRanges())),
            portOrZero(spec.getHealthCheckNodePort()),
            affinitySeconds(service),
            orEmpty(spec.getInternalTrafficPolicy()).equals("Local"),
            reachedFromOutside && orEmpty(spec.getExternalTrafficPolicy()).equals("Local")));
  }

  /** Empty for slices of names instead of addresses. */
  public static Optional<Slice> slice(EndpointSlice slice, String node) {
    Family family;
    switch (orEmpty(slice.getAddressType())) {
      case "IPv4" -> family = Family.IPV4;
      case "IPv6" -> family = Family.IPV6;
      default -> {
        return Optional.empty();
      }
    }
    List<Slice.Port> ports = new ArrayList<>();
    for (EndpointPort port : all(slice.getPorts())) {
      Optional<Protocol> protocol = Protocol.parse(port.getProtocol());
      if (port.getName() != null && portOrZero(port.getPort()) != 0 && protocol.isPresent()) {
        ports.add(new Slice.Port(port.getName().intern(), protocol.get(), port.getPort()));
      }
    }
    List<Slice.Endpoint> endpoints = new ArrayList<>();
    for (Endpoint endpoint : all(slice.getEndpoints())) {
      endpoint(endpoint, family, node).ifPresent(endpoints::add);
    }
    return Optional.of(new Slice(family, ports, endpoints));
  }

  private static Optional<Slice.Endpoint> endpoint(Endpoint endpoint, Family family, String node) {
    if (all(endpoint.getAddresses()).isEmpty()) {
      return Optional.empty();
    }
    Optional<Packed> address = address(endpoint.getAddresses().getFirst());
    EndpointConditions conditions = endpoint.getConditions();
    EndpointHints hints = endpoint.getHints();
    return address
        .filter(a -> a.length() == family.addressBytes())
        .map(
            a ->
                new Slice.Endpoint(
                    a,
                    conditions == null || !Boolean.FALSE.equals(conditions.getReady()),
                    conditions == null || !Boolean.FALSE.equals(conditions.getServing()),
                    conditions != null && Boolean.TRUE.equals(conditions.getTerminating()),
                    node.equals(endpoint.getNodeName()),
                    hints == null ? List.of() : names(hints.getForNodes(), ForNode::getName),
                    hints == null ? List.of() : names(hints.getForZones(), ForZone::getName)));
  }

  private static Optional<ServiceSpec.Port> port(ServicePort port) {
    String name = orEmpty(port.getName()).intern();
    return Protocol.parse(port.getProtocol())
        .filter(protocol -> portOrZero(port.getPort()) != 0)
        .map(
            protocol ->
                new ServiceSpec.Port(
                    name, protocol, port.getPort(), portOrZero(port.getNodePort())));
  }

  /** Addresses that the balancer proxies for by itself are none of ours. */
  private static List<String> loadBalancerIps(Service service) {
    return Optional.ofNullable(service.getStatus())
        .map(ServiceStatus::getLoadBalancer)
        .map(LoadBalancerStatus::getIngress)
        .map(SpecReader::all)
        .orElse(List.of())
        .stream()
        .filter(ingress -> !orEmpty(ingress.getIpMode()).equals("Proxy"))
        .map(LoadBalancerIngress::getIp)
        .filter(ip -> ip != null && !ip.isEmpty())
        .toList();
  }

  private static int affinitySeconds(Service service) {
    if (!orEmpty(service.getSpec().getSessionAffinity()).equals("ClientIP")) {
      return 0;
    }
    SessionAffinityConfig config = service.getSpec().getSessionAffinityConfig();
    return config == null || config.getClientIP() == null
        ? DEFAULT_AFFINITY_SECONDS
        : Optional.ofNullable(config.getClientIP().getTimeoutSeconds())
            .map(seconds -> Math.clamp(seconds, 1, LONGEST_AFFINITY_SECONDS))
            .orElse(DEFAULT_AFFINITY_SECONDS);
  }

  private static List<Packed> addresses(Service service, List<String> texts) {
    List<Packed> addresses = new ArrayList<>();
    for (String text : texts) {
      address(text).ifPresentOrElse(addresses::add, () -> unreadable(service, text));
    }
    return addresses;
  }

  private static List<Cidr> networks(Service service, List<String> texts) {
    List<Cidr> networks = new ArrayList<>();
    for (String text : texts) {
      try {
        String[] parts = text.strip().split("/", 2);
        InetAddress host = IpAddresses.parse(parts[0]);
        networks.add(Cidr.containing(host, Integer.parseInt(parts[1])));
      } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
        unreadable(service, text);
      }
    }
    return networks;
  }

  private static Optional<Packed> address(String text) {
    try {
      return Optional.of(Packed.ofAddress(IpAddresses.parse(text.strip())));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static void unreadable(Service service, String text) {
    log.atWarn()
        .addKeyValue("namespace", service.getMetadata().getNamespace())
        .addKeyValue("service", service.getMetadata().getName())
        .addKeyValue("address", text)
        .log("an address of a service cannot be read, leaving it out");
  }

  /** A server may write {@code null} for a list of nothing. */
  private static <T> List<T> all(@Nullable List<T> list) {
    return list == null ? List.of() : list.stream().filter(Objects::nonNull).toList();
  }

  private static <T> List<String> names(@Nullable List<T> list, Function<T, String> name) {
    return all(list).stream().map(name).filter(Objects::nonNull).toList();
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static int portOrZero(@Nullable Integer number) {
    return number == null || number < 0 || number > HIGHEST_PORT ? 0 : number;
  }
}
