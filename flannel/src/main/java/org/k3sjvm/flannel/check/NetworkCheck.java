package org.k3sjvm.flannel.check;

import io.fabric8.kubernetes.api.model.Node;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.k3sjvm.flannel.backend.WireguardDevice;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.plan.PeerChanges;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.echo.IcmpEchoes;
import org.k3sjvm.linux.echo.IcmpRollCall;
import org.k3sjvm.linux.host.ProcSysctls;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.netlink.NetlinkNetwork;
import org.k3sjvm.linux.netlink.NetlinkWireGuard;
import org.k3sjvm.linux.wireguard.WireGuard;

/** {@code k3s check-network}: looks at everything once. Changes nothing. */
public final class NetworkCheck {
  private NetworkCheck() {}

  /**
   * Checks the network namespace of the calling thread.
   *
   * @param nodes of the cluster; empty when the API is away, and then the kernel tells the peers
   * @param ownName of this node, where it is known
   * @throws CannotCheckException there is nothing here that can be checked
   * @throws LinuxException.Denied rights are missing
   */
  public static NetworkReport run(Collection<Node> nodes, Optional<String> ownName)
      throws InterruptedException, CannotCheckException {
    try (NetlinkNetwork network = NetlinkNetwork.open();
        IcmpEchoes echoes = IcmpEchoes.open();
        IcmpRollCall calls = IcmpRollCall.open()) {
      Survey survey = new Survey(network, new ProcSysctls(), firewall(), nodes, ownName);
      Observer observer = new Observer(echoes, calls);
      List<NetworkReport.Side> sides = new ArrayList<>();
      Optional<String> backend = survey.backend();
      if (backend.filter(BackendType.HOST_GW.text()::equals).isPresent()) {
        for (Family family : Family.values()) {
          Optional<GatewaySurvey> gateway = survey.gateway(family);
          if (gateway.isPresent()) {
            sides.add(side(survey, observer, gateway.get()));
          }
        }
        if (sides.isEmpty()) {
          throw new CannotCheckException("no interface here has the address that peers are told");
        }
        return new NetworkReport(sides, true);
      }
      if (hasWireguard(network, backend)) {
        addWireguard(network, survey, observer, sides);
        if (sides.isEmpty()) {
          throw new CannotCheckException(
              "there is no WireGuard interface of flannel here, though this node's backend is"
                  + " wireguard: 'systemctl status k3s-agent' says why");
        }
        return new NetworkReport(sides, !nodes.isEmpty());
      }
      for (Family family : Family.values()) {
        OwnEnd own = survey.own(family);
        boolean expected = own.announced().flatMap(OwnEnd.Announced::mac).isPresent();
        if (own.device().isPresent() || expected) {
          sides.add(side(survey, observer, own));
        }
      }
      if (sides.isEmpty()) {
        throw new CannotCheckException(nothingHere(!nodes.isEmpty(), backend));
      }
      return new NetworkReport(sides, !nodes.isEmpty());
    }
  }

  /** What the node says; where nobody tells, what there is. */
  private static boolean hasWireguard(NetlinkNetwork network, Optional<String> backend) {
    return backend.isPresent()
        ? backend.get().equals(BackendType.WIREGUARD.text())
        : Stream.of(WireguardDevice.NAME, WireguardDevice.NAME_V6)
            .flatMap(name -> network.link(name).stream())
            .anyMatch(link -> link.kind().equals(Link.WIREGUARD));
  }

  private static void addWireguard(
      NetlinkNetwork network, Survey survey, Observer observer, List<NetworkReport.Side> sides)
      throws InterruptedException {
    try (WireGuard wireGuard = NetlinkWireGuard.open()) {
      for (Family family : Family.values()) {
        Optional<WireguardSurvey> tunnels = WireguardSurvey.of(network, wireGuard, family);
        if (tunnels.isPresent()) {
          sides.add(side(survey, observer, tunnels.get()));
        }
      }
    }
  }

  /** Why there is nothing to look at, and what to do. */
  static String nothingHere(boolean api, Optional<String> backend) {
    if (!api) {
      return "there is no VXLAN or WireGuard interface of flannel here, and the API does not"
          + " answer: with the backend host-gw only the API tells the peers; start a server,"
          + " or run this where 'k3s agent' runs";
    }
    return backend
        .filter(name -> !name.equals(BackendType.VXLAN.text()))
        .map(name -> "this node's flannel backend is " + name + ", not vxlan, host-gw or wireguard")
        .orElse(
            "there is no VXLAN interface of flannel here, and no node was found that is this one:"
                + " run this where 'k3s agent' runs");
  }

  private static NetworkReport.Side side(Survey survey, Observer observer, OwnEnd own)
      throws InterruptedException {
    List<Target> targets = survey.targets(own);
    Set<InetAddress> answered =
        observer.answering(targets.stream().map(Target::podsAddress).toList());
    List<Finding> findings = new ArrayList<>(Diagnosis.of(own));
    List<PeerSight> sights = new ArrayList<>();
    for (Target target : targets) {
      List<String> differences = survey.differences(own, target.peer());
      PeerSight sight =
          answered.contains(target.podsAddress())
              ? observer.good(own, target, differences)
              : observer.silent(own, target, differences);
      sights.add(sight);
      findings.addAll(Diagnosis.of(own, sight));
    }
    return new NetworkReport.Side(own, sights, findings);
  }

  private static NetworkReport.Side side(Survey survey, Observer observer, GatewaySurvey gateway)
      throws InterruptedException {
    OwnEnd own = survey.own(gateway);
    List<Target> targets = survey.targets(gateway);
    Set<InetAddress> answered =
        observer.answering(targets.stream().map(Target::podsAddress).toList());
    List<Finding> findings = new ArrayList<>();
    List<PeerSight> sights = new ArrayList<>();
    for (Target target : targets) {
      List<String> differences = gateway.differences(target.peer());
      PeerSight sight =
          answered.contains(target.podsAddress())
              ? observer.good(own, target, differences)
              : observer.silent(own, target, differences);
      sights.add(sight);
      findings.addAll(
          GatewayDiagnosis.of(own, sight, gateway.isNeighbour(target.peer().publicIp())));
    }
    return new NetworkReport.Side(own, sights, findings);
  }

  private static NetworkReport.Side side(Survey survey, Observer observer, WireguardSurvey tunnels)
      throws InterruptedException {
    OwnEnd own = survey.own(tunnels);
    List<Target> targets = survey.targets(tunnels);
    Set<InetAddress> answered =
        observer.answering(targets.stream().map(Target::podsAddress).toList());
    List<Finding> findings = new ArrayList<>(WireguardDiagnosis.of(own));
    List<PeerSight> sights = new ArrayList<>();
    for (Target target : targets) {
      List<String> differences = survey.differences(tunnels, target.peer());
      PeerSight sight =
          answered.contains(target.podsAddress())
              ? observer.good(own, target, differences)
              : observer.silent(own, target, differences);
      sights.add(sight);
      boolean session =
          tunnels
              .lastHandshake(target.peer().podCidr())
              .filter(last -> last.plus(PeerChanges.SESSION).isAfter(Instant.now()))
              .isPresent();
      findings.addAll(WireguardDiagnosis.of(own, sight, tunnels.device().listenPort(), session));
    }
    return new NetworkReport.Side(own, sights, findings);
  }

  private static OwnEnd.Firewall firewall() {
    if (Files.isDirectory(Path.of("/run/firewalld"))) {
      return OwnEnd.Firewall.FIREWALLD;
    }
    try {
      return Files.readString(Path.of("/etc/ufw/ufw.conf")).contains("ENABLED=yes")
          ? OwnEnd.Firewall.UFW
          : OwnEnd.Firewall.NONE;
    } catch (IOException e) {
      return OwnEnd.Firewall.NONE;
    }
  }
}
