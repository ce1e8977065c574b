package org.k3sjvm.flannel.check;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.check.Finding.Kind;
import org.k3sjvm.flannel.check.PeerSight.Path;

/** From what was seen of tunnels of WireGuard to what is wrong: pure functions. */
final class WireguardDiagnosis {
  private WireguardDiagnosis() {}

  /** What is wrong with this node, whatever its peers do. */
  static List<Finding> of(OwnEnd own) {
    return own.device()
        .filter(device -> !device.up())
        .map(
            device ->
                List.of(
                    new Finding(
                        Kind.DEVICE,
                        "",
                        "interface " + device.name() + " is down",
                        own.name(),
                        "ip link set " + device.name() + " up; " + Diagnosis.RESTART)))
        .orElse(List.of());
  }

  /**
   * What is wrong with the way to one peer and back.
   *
   * @param port UDP, on which this node listens
   * @param session whether both have agreed on keys within the last minutes
   */
  static List<Finding> of(OwnEnd own, PeerSight sight, int port, boolean session) {
    Target target = sight.target();
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
    sight.path().map(path -> silence(own, target, path, port, session)).ifPresent(findings::add);
    sight.sizes().flatMap(sizes -> Diagnosis.size(own, target, sizes)).ifPresent(findings::add);
    return List.copyOf(findings);
  }

  private static Finding silence(OwnEnd own, Target target, Path path, int port, boolean session) {
    InetAddress told = target.peer().publicIp();
    if (session) {
      return new Finding(
          Kind.FILTERED,
          target.name(),
          "the tunnel stands, but a packet filter here or there drops what is in it",
          own.name() + " and " + target.name(),
          "nft list ruleset  # let in what comes from " + own.deviceName());
    }
    if (!path.underlay().answered() && path.source().isEmpty()) {
      return new Finding(
          Kind.WRONG_INTERFACE,
          target.name(),
          "this host has no route to " + IpAddresses.text(told),
          own.name(),
          "ip route add " + IpAddresses.text(told) + " via <router>");
    }
    if (!path.underlay().answered()) {
      return Diagnosis.dead(own, target, path, told);
    }
    return new Finding(
        Kind.FIREWALL,
        target.name(),
        "it answers pings at "
            + IpAddresses.text(told)
            + ", but has not agreed on keys with this node for three minutes: a packet filter here,"
            + " there or on the way drops UDP port "
            + port
            + ", or its agent does not run",
        own.name() + " and " + target.name(),
        own.firewall().allow(own.family(), port)
            + "  # or allow UDP "
            + port
            + " between the nodes in the network's firewall");
  }
}
