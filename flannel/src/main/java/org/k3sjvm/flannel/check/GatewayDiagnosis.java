package org.k3sjvm.flannel.check;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.check.Finding.Kind;
import org.k3sjvm.flannel.check.PeerSight.Path;
import org.k3sjvm.flannel.check.PeerSight.Sizes;
import org.k3sjvm.linux.echo.EchoAnswer;
import org.k3sjvm.linux.net.Link;

/** From what was seen of hosts that are each other's gateways to what is wrong: pure functions. */
final class GatewayDiagnosis {
  private GatewayDiagnosis() {}

  /**
   * What is wrong with the way to one peer's pods and back.
   *
   * @param neighbour whether its host is on a network of our interface
   */
  static List<Finding> of(OwnEnd own, PeerSight sight, boolean neighbour) {
    Target target = sight.target();
    InetAddress host = target.peer().publicIp();
    if (!neighbour) {
      return List.of(
          new Finding(
              Kind.NO_NEIGHBOUR,
              target.name(),
              IpAddresses.text(host)
                  + " is on no network of "
                  + own.deviceName()
                  + " ("
                  + String.join(
                      ", ", own.uplinkAddresses().stream().map(IpAddresses::text).toList())
                  + "): with the backend host-gw all nodes must be on one network, without routers"
                  + " between them",
              "the servers",
              "k3s server --flannel-backend=vxlan  # then restart all servers and agents; or"
                  + " --flannel-iface=<interface on the common network> on the nodes"));
    }
    List<Finding> findings = new ArrayList<>();
    if (!sight.differences().isEmpty()) {
      findings.add(
          new Finding(
              Kind.ENTRIES,
              target.name(),
              "the kernel lacks " + String.join(", ", sight.differences()),
              own.name(),
              Diagnosis.RESTART));
    }
    if (!own.forwards()) {
      findings.add(
          new Finding(
              Kind.FILTERED,
              target.name(),
              "this host does not forward packets",
              own.name(),
              own.family().isIpv6()
                  ? "sysctl -w net.ipv6.conf.all.forwarding=1"
                  : "sysctl -w net.ipv4.ip_forward=1"));
    }
    sight.path().map(path -> silence(own, target, path)).ifPresent(findings::add);
    sight.sizes().flatMap(sizes -> size(own, target, sizes)).ifPresent(findings::add);
    return List.copyOf(findings);
  }

  private static Finding silence(OwnEnd own, Target target, Path path) {
    InetAddress host = target.peer().publicIp();
    if (!path.underlay().answered()) {
      return Diagnosis.dead(own, target, path, host);
    }
    return new Finding(
        Kind.FILTERED,
        target.name(),
        "it answers at "
            + IpAddresses.text(host)
            + ", but the bridge of its pods, "
            + IpAddresses.text(target.podsAddress())
            + ", does not: unless no pod has run there yet, a packet filter there or the network"
            + " between (clouds check source and destination) drops packets of pods",
        target.name(),
        "nft list ruleset  # let in what is for "
            + target.peer().podCidr()
            + "; in clouds switch the check of source and destination off for the nodes");
  }

  private static Optional<Finding> size(OwnEnd own, Target target, Sizes sizes) {
    if (sizes.overlayWhole().answered()) {
      return Optional.empty();
    }
    String fits =
        sizes.largestBytes().isPresent()
            ? Integer.toString(sizes.largestBytes().getAsInt())
            : "<what fits>";
    return Optional.of(
        new Finding(
            Kind.MTU,
            target.name(),
            "packets of "
                + sizes.overlayBytes()
                + " bytes do not get through, "
                + (sizes.largestBytes().isPresent()
                    ? "only those of up to " + fits + " do"
                    : "small ones do")
                + (sizes.underlayWhole() instanceof EchoAnswer.TooBig(var mtu) && mtu.isPresent()
                    ? "; a router says that " + mtu.getAsInt() + " bytes fit"
                    : ""),
            own.name() + " and " + target.name(),
            "ip link set "
                + own.uplink().map(Link::name).orElse("<interface>")
                + " mtu "
                + fits
                + "  # new pods follow; restart old ones"));
  }
}
