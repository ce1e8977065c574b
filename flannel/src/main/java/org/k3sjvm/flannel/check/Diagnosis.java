package org.k3sjvm.flannel.check;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.backend.VxlanDevice;
import org.k3sjvm.flannel.backend.WireguardOptions;
import org.k3sjvm.flannel.check.Finding.Kind;
import org.k3sjvm.flannel.check.PeerSight.Knock;
import org.k3sjvm.flannel.check.PeerSight.Path;
import org.k3sjvm.flannel.check.PeerSight.Sizes;
import org.k3sjvm.flannel.check.PeerSight.Tcp;
import org.k3sjvm.linux.echo.EchoAnswer;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.MacAddress;

/** From what was seen to what is wrong: pure functions. */
public final class Diagnosis {
  static final String RESTART = "systemctl restart k3s-agent";
  private static final int OVERHEAD_BYTES = VxlanDevice.OVERHEAD_BYTES;
  private static final int OVERHEAD_V6_BYTES = 70;

  private Diagnosis() {}

  /** What is wrong with this node, whatever its peers do. */
  public static List<Finding> of(OwnEnd own) {
    if (own.device().isEmpty()) {
      return List.of(here(own, Kind.DEVICE, "there is no interface " + own.deviceName(), RESTART));
    }
    List<Finding> findings = new ArrayList<>();
    Link device = own.device().get();
    if (!device.up()) {
      findings.add(
          here(
              own,
              Kind.DEVICE,
              "interface " + device.name() + " is down",
              "ip link set " + device.name() + " up; " + RESTART));
    }
    if (own.uplink().isEmpty()) {
      findings.add(
          here(
              own,
              Kind.DEVICE,
              "the interface below " + device.name() + " is gone",
              RESTART + "  # with --flannel-iface=<interface> if the host has another one now"));
      return findings;
    }
    String uplink = own.uplink().get().name();
    own.local()
        .filter(local -> !own.uplinkAddresses().contains(local))
        .ifPresent(
            local ->
                findings.add(
                    here(
                        own,
                        Kind.DEVICE,
                        device.name()
                            + " sends from "
                            + text(local)
                            + ", which "
                            + uplink
                            + " does not have",
                        RESTART)));
    announced(own, device, findings);
    if (!own.nodeAddresses().isEmpty()
        && own.announced().filter(OwnEnd.Announced::overwritten).isEmpty()
        && own.local().filter(local -> !own.nodeAddresses().contains(local)).isPresent()) {
      findings.add(
          here(
              own,
              Kind.WRONG_INTERFACE,
              device.name()
                  + " is on "
                  + uplink
                  + " ("
                  + own.local().map(Diagnosis::text).orElse("")
                  + "), but the Node's address is "
                  + text(own.nodeAddresses().getFirst()),
              "k3s agent --flannel-iface=<interface with "
                  + text(own.nodeAddresses().getFirst())
                  + ">"));
    }
    return findings;
  }

  private static void announced(OwnEnd own, Link device, List<Finding> findings) {
    own.announced()
        .ifPresent(
            told -> {
              Optional<MacAddress> mac = device.mac();
              if (told.mac().isPresent() && !told.mac().equals(mac)) {
                findings.add(
                    here(
                        own,
                        Kind.DEVICE,
                        device.name()
                            + " has the MAC address "
                            + mac.map(MacAddress::value).orElse("none")
                            + ", but peers are told "
                            + told.mac().get(),
                        RESTART + "  # and keep udev and NetworkManager from changing it"));
              }
              if (!told.overwritten()
                  && told.publicIp().isPresent()
                  && own.local().isPresent()
                  && !told.publicIp().equals(own.local())) {
                findings.add(
                    here(
                        own,
                        Kind.DEVICE,
                        "peers are told to send to "
                            + text(told.publicIp().get())
                            + ", but "
                            + device.name()
                            + " is at "
                            + text(own.local().get()),
                        RESTART));
              }
            });
  }

  /** What is wrong with the way to one peer and back. */
  public static List<Finding> of(OwnEnd own, PeerSight sight) {
    List<Finding> findings = new ArrayList<>();
    if (!sight.differences().isEmpty()) {
      findings.add(
          new Finding(
              Kind.ENTRIES,
              sight.target().name(),
              "the kernel lacks " + String.join(", ", sight.differences()),
              own.name(),
              RESTART));
    }
    sight.path().flatMap(path -> silence(own, sight.target(), path)).ifPresent(findings::add);
    sight.sizes().flatMap(sizes -> size(own, sight.target(), sizes)).ifPresent(findings::add);
    sight.tcp().flatMap(tcp -> checksum(own, sight.target(), tcp)).ifPresent(findings::add);
    return List.copyOf(findings);
  }

  /** The first that explains it: from this host outwards. */
  private static Optional<Finding> silence(OwnEnd own, Target target, Path path) {
    InetAddress told = target.peer().publicIp();
    boolean otherSource =
        path.source().isPresent()
            && own.local().isPresent()
            && !own.uplinkAddresses().contains(path.source().get());
    if (path.source().isEmpty() || otherSource) {
      return Optional.of(
          new Finding(
              Kind.WRONG_INTERFACE,
              target.name(),
              path.source()
                      .map(
                          source ->
                              "packets to " + text(told) + " leave this host from " + text(source))
                      .orElse("this host has no route to " + text(told))
                  + ", the pod network is on "
                  + own.uplink().map(Link::name).orElse("nothing"),
              own.name(),
              path.source()
                  .map(source -> "k3s agent --flannel-iface=<interface with " + text(source) + ">")
                  .orElse("ip route add " + text(told) + " via <router>")));
    }
    Optional<InetAddress> stranger =
        path.senders().stream().filter(sender -> !sender.equals(told)).findFirst();
    if (stranger.isPresent()) {
      return Optional.of(
          new Finding(
              Kind.NAT,
              target.name(),
              "its packets come from "
                  + text(stranger.get())
                  + " in place of "
                  + text(told)
                  + ": somebody translates addresses on the way",
              target.name(),
              "k3s agent --node-external-ip="
                  + text(stranger.get())
                  + "  # and k3s server --flannel-external-ip on the servers"));
    }
    if (!path.senders().isEmpty()) {
      return Optional.of(arrives(own, target, path));
    }
    if (path.underlay().answered()) {
      return Optional.of(nothingComes(own, target, told));
    }
    return Optional.of(dead(own, target, path, told));
  }

  private static Finding arrives(OwnEnd own, Target target, Path path) {
    if (!path.delivered()) {
      return new Finding(
          Kind.FIREWALL,
          target.name(),
          "its VXLAN packets arrive, but this host's packet filter drops them (UDP port "
              + own.port()
              + ")",
          own.name(),
          own.firewall().allow(own.family(), own.port()));
    }
    if (own.strictReversePath()) {
      return new Finding(
          Kind.FILTERED,
          target.name(),
          "its packets arrive, but strict reverse path filtering may drop them",
          own.name(),
          "sysctl -w net.ipv4.conf.all.rp_filter=2");
    }
    return new Finding(
        Kind.FILTERED,
        target.name(),
        "its packets arrive at " + own.deviceName() + ", but a packet filter drops what is in them",
        own.name(),
        "nft list ruleset  # let in what comes from " + own.deviceName());
  }

  private static Finding nothingComes(OwnEnd own, Target target, InetAddress told) {
    Optional<InetAddress> local = own.local();
    if (local.filter(InetAddress::isSiteLocalAddress).isPresent() && isPublic(told)) {
      return new Finding(
          Kind.NAT,
          target.name(),
          "no VXLAN packet comes back: it is told to send to "
              + local.map(Diagnosis::text).orElse("")
              + ", a private address, which it cannot reach from "
              + text(told),
          own.name(),
          "k3s agent --node-external-ip=<address that it can reach>"
              + "  # and k3s server --flannel-external-ip on the servers");
    }
    return new Finding(
        Kind.FIREWALL,
        target.name(),
        "it answers pings at "
            + text(told)
            + ", but no VXLAN packet comes back: a packet filter there or on the way drops UDP"
            + " port "
            + own.port(),
        target.name(),
        OwnEnd.Firewall.NONE.allow(own.family(), own.port())
            + "  # or allow UDP "
            + own.port()
            + " between the nodes in the network's firewall");
  }

  static Finding dead(OwnEnd own, Target target, Path path, InetAddress told) {
    if (!path.elsewhere().isEmpty()) {
      InetAddress other = path.elsewhere().getFirst();
      return new Finding(
          Kind.WRONG_INTERFACE,
          target.name(),
          "it says that it is at "
              + text(told)
              + ", which does not answer, but it answers at "
              + text(other),
          target.name(),
          "k3s agent --flannel-iface=<interface with "
              + text(other)
              + ">  # behind NAT: --node-external-ip="
              + text(other)
              + ", and --flannel-external-ip on the servers");
    }
    return new Finding(
        Kind.UNREACHABLE,
        target.name(),
        text(told)
            + " does not answer"
            + (path.underlay() instanceof EchoAnswer.Unreachable(String reason)
                ? " (" + reason + ")"
                : "")
            + (target.ready()
                ? "; its Node is Ready, so it runs: the nodes have no way to each other"
                : "; its Node is not Ready"),
        target.ready() ? own.name() : target.name(),
        target.ready()
            ? "ip route get " + text(told) + "  # then follow the way: routers, security groups"
            : "systemctl status k3s-agent");
  }

  static Optional<Finding> size(OwnEnd own, Target target, Sizes sizes) {
    int overhead =
        switch (own.backend()) {
          case VXLAN -> own.family().isIpv6() ? OVERHEAD_V6_BYTES : OVERHEAD_BYTES;
          case WIREGUARD -> WireguardOptions.OVERHEAD_BYTES;
          case HOST_GW -> 0;
        };
    String uplink = own.uplink().map(Link::name).orElse("<interface>");
    if (!sizes.overlayWhole().answered()) {
      String largest =
          sizes.largestBytes().isPresent()
              ? "only those of up to " + sizes.largestBytes().getAsInt() + " do"
              : "small ones do";
      String fits =
          sizes.largestBytes().isPresent()
              ? Integer.toString(sizes.largestBytes().getAsInt() + overhead)
              : "<what fits>";
      return Optional.of(
          new Finding(
              Kind.MTU,
              target.name(),
              "packets of "
                  + sizes.overlayBytes()
                  + " bytes do not get through the tunnel, "
                  + largest
                  + told(sizes),
              own.name() + " and " + target.name(),
              "ip link set " + uplink + " mtu " + fits + "  # new pods follow; restart old ones"));
    }
    boolean cut =
        sizes.underlayWhole() instanceof EchoAnswer.TooBig && sizes.underlayCut().answered();
    if (cut && sizes.underlayWhole() instanceof EchoAnswer.TooBig(var mtu)) {
      return Optional.of(
          new Finding(
              Kind.FRAGMENTED,
              target.name(),
              "packets of full size get through, but are cut in pieces on the way" + told(sizes),
              own.name() + " and " + target.name(),
              "ip link set "
                  + uplink
                  + " mtu "
                  + (mtu.isPresent() ? mtu.getAsInt() : "<what fits>")
                  + "  # new pods follow; restart old ones"));
    }
    return Optional.empty();
  }

  private static String told(Sizes sizes) {
    return switch (sizes.underlayWhole()) {
      case EchoAnswer.TooBig(var mtu) ->
          "; a router says that "
              + (mtu.isPresent() ? mtu.getAsInt() + " bytes fit" : "they do not fit")
              + " between the hosts, not "
              + sizes.underlayBytes();
      case EchoAnswer.Silent _ ->
          sizes.underlayCut().answered()
              ? "; beside the tunnel only packets that may be cut pass"
              : "";
      case EchoAnswer.Answered _, EchoAnswer.Unreachable _ -> "";
    };
  }

  private static Optional<Finding> checksum(OwnEnd own, Target target, Tcp tcp) {
    if (tcp.overlay() != Knock.SILENT) {
      return Optional.empty();
    }
    boolean onlyTunnel = tcp.underlay().filter(knock -> knock != Knock.SILENT).isPresent();
    if (!tcp.badChecksums() && !onlyTunnel) {
      return Optional.empty(); // its kubelet's port may be closed to us for good reason
    }
    return Optional.of(
        new Finding(
            Kind.CHECKSUM,
            target.name(),
            "pings pass the tunnel and TCP does not"
                + (tcp.badChecksums()
                    ? "; this host drops segments with bad checksums"
                    : ", though it does beside the tunnel")
                + ": most likely a network card or kernel that computes checksums wrong",
            own.name() + " and " + target.name(),
            "ethtool -K " + own.deviceName() + " tx-checksum-ip-generic off"));
  }

  private static Finding here(OwnEnd own, Kind kind, String message, String repair) {
    return new Finding(kind, "", message, own.name(), repair);
  }

  private static boolean isPublic(InetAddress address) {
    return !address.isSiteLocalAddress()
        && !address.isLinkLocalAddress()
        && (address.getAddress()[0] & 0xfe) != 0xfc; // unique local IPv6
  }

  private static String text(InetAddress address) {
    return IpAddresses.text(address);
  }
}
