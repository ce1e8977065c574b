package org.k3sjvm.serviceproxy.program;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.serviceproxy.choose.EndpointChoice;
import org.k3sjvm.serviceproxy.choose.Topology;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.model.Protocol;
import org.k3sjvm.serviceproxy.model.ServiceSpec;
import org.k3sjvm.serviceproxy.model.Slice;

/** From a service and its endpoints to its programs. */
public final class ProgramOf {
  private static final int ID_BYTES = 8;

  private final Family family;
  private final List<Packed> nodeIps;

  /**
   * For one family.
   *
   * @param nodeIps this node's addresses
   */
  public ProgramOf(Family family, List<Packed> nodeIps) {
    this.family = family;
    this.nodeIps = ServiceSpec.of(family, nodeIps);
  }

  /**
   * The programs, one for each port; none when the service has no address of this family.
   *
   * @param before its programs until now
   */
  public List<PortProgram> programs(
      ObjectName name,
      ServiceSpec service,
      Collection<Slice> slices,
      Topology topology,
      List<PortProgram> before) {
    List<Packed> clusterIps = ServiceSpec.of(family, service.clusterIps());
    if (clusterIps.isEmpty()) {
      return List.of();
    }
    List<PortProgram> programs = new ArrayList<>();
    for (ServiceSpec.Port port : service.ports()) {
      EndpointChoice choice = EndpointChoice.of(service, port, family, slices, topology);
      Optional<PortProgram> last =
          before.stream()
              .filter(p -> p.protocol() == port.protocol() && p.port() == port.port())
              .findFirst();
      programs.add(program(name, service, port, clusterIps.getFirst(), choice, last));
    }
    return List.copyOf(programs);
  }

  private PortProgram program(
      ObjectName name,
      ServiceSpec service,
      ServiceSpec.Port port,
      Packed clusterIp,
      EndpointChoice choice,
      Optional<PortProgram> last) {
    List<Packed> balanced = ServiceSpec.of(family, service.loadBalancerIps());
    List<Packed> externals =
        Stream.concat(ServiceSpec.of(family, service.externalIps()).stream(), balanced.stream())
            .distinct()
            .toList();
    List<Cidr> sources = sources(service, balanced);
    Slots external =
        Slots.of(last.map(PortProgram::external).orElse(Slots.EMPTY), choice.external());
    Slots internal =
        choice.internal().equals(choice.external())
            ? external
            : Slots.of(last.map(PortProgram::internal).orElse(Slots.EMPTY), choice.internal());
    Slots local = Slots.of(last.map(PortProgram::local).orElse(Slots.EMPTY), choice.local());
    Slots serving =
        port.protocol() == Protocol.UDP ? Slots.of(external, choice.serving()) : Slots.EMPTY;
    return new PortProgram(
        port.protocol(),
        port.port(),
        port.nodePort(),
        clusterIp,
        externals,
        sources.isEmpty() ? List.of() : balanced,
        sources,
        internal,
        external,
        local,
        service.externalLocal(),
        choice.any(),
        serving.equals(external) ? external : serving,
        choice.onThisNode().stream().map(this::address).distinct().toList(),
        service.affinitySeconds() == 0
            ? Optional.empty()
            : Optional.of(new PortProgram.Affinity(id(name, port), service.affinitySeconds())));
  }

  /**
   * Who may use the balancer's addresses, each network once and none within another. When this node
   * may, packets that it sends to such an address may come from that address itself. Source:
   * kube-proxy v1.36 pkg/proxy/nftables/proxier.go.
   */
  private List<Cidr> sources(ServiceSpec service, List<Packed> balanced) {
    List<Cidr> networks =
        new ArrayList<>(
            service.sourceRanges().stream().filter(c -> Family.of(c) == family).toList());
    if (networks.isEmpty()) {
      return List.of();
    }
    if (networks.stream().anyMatch(this::hasThisNode)) {
      balanced.forEach(address -> networks.add(host(address)));
    }
    return networks.stream()
        .distinct()
        .filter(
            network ->
                networks.stream()
                    .noneMatch(
                        wider ->
                            wider.prefixLength() < network.prefixLength()
                                && wider.contains(network.address())))
        .toList();
  }

  private boolean hasThisNode(Cidr network) {
    return nodeIps.stream().anyMatch(ip -> network.contains(host(ip).address()));
  }

  private static Cidr host(Packed address) {
    return new Cidr(address.toAddress(), address.length() * 8);
  }

  private Packed address(Packed endpoint) {
    return Packed.ofBytes(Arrays.copyOf(endpoint.bytes(), family.addressBytes()));
  }

  private static String id(ObjectName name, ServiceSpec.Port port) {
    String text = name + "/" + port.name() + "/" + port.protocol() + "/" + port.port();
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, ID_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
