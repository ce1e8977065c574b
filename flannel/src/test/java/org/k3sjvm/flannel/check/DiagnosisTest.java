package org.k3sjvm.flannel.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.check.Finding.Kind;
import org.k3sjvm.flannel.check.OwnEnd.Announced;
import org.k3sjvm.flannel.check.OwnEnd.Firewall;
import org.k3sjvm.flannel.check.PeerSight.Knock;
import org.k3sjvm.flannel.check.PeerSight.Path;
import org.k3sjvm.flannel.check.PeerSight.Sizes;
import org.k3sjvm.flannel.check.PeerSight.Tcp;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.lease.Peer;
import org.k3sjvm.linux.echo.EchoAnswer;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.net.VxlanSettings;

class DiagnosisTest {
  private static final InetAddress OWN = ip("192.168.77.11");
  private static final InetAddress PEER = ip("192.168.77.12");
  private static final InetAddress OTHER = ip("203.0.113.9");
  private static final MacAddress MAC = MacAddress.parse("02:11:11:11:11:11");
  private static final EchoAnswer YES = new EchoAnswer.Answered(Duration.ofMillis(1));
  private static final EchoAnswer NO = new EchoAnswer.Silent();
  private static final EchoAnswer TOO_BIG = new EchoAnswer.TooBig(OptionalInt.of(1450));

  /** What was seen, and the finding: its kind, the node to mend, and a part of the repair. */
  record Row(String name, OwnEnd own, PeerSight seen, Kind kind, String where, String repair) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Row> rows() {
    return List.of(
        new Row(
            "peer's filter",
            own(),
            silent(path(YES, OWN, Set.of(), false)),
            Kind.FIREWALL,
            "n2",
            "iptables -I INPUT -p udp --dport 8472 -j ACCEPT"),
        new Row(
            "own filter",
            own(),
            silent(path(YES, OWN, Set.of(PEER), false)),
            Kind.FIREWALL,
            "n1",
            "iptables -I INPUT -p udp --dport 8472 -j ACCEPT"),
        new Row(
            "own filter under firewalld",
            own(OWN, Firewall.FIREWALLD, false),
            silent(path(YES, OWN, Set.of(PEER), false)),
            Kind.FIREWALL,
            "n1",
            "firewall-cmd --permanent --add-port=8472/udp"),
        new Row(
            "own filter, another port",
            other(Firewall.NONE),
            silent(path(YES, OWN, Set.of(PEER), false)),
            Kind.FIREWALL,
            "n1",
            "iptables -I INPUT -p udp --dport 4789 -j ACCEPT"),
        new Row(
            "own filter under ufw, another port",
            other(Firewall.UFW),
            silent(path(YES, OWN, Set.of(PEER), false)),
            Kind.FIREWALL,
            "n1",
            "ufw allow 4789/udp"),
        new Row(
            "peer's filter, another port",
            other(Firewall.NONE),
            silent(path(YES, OWN, Set.of(), false)),
            Kind.FIREWALL,
            "n2",
            "# or allow UDP 4789"),
        new Row(
            "own filter behind the device",
            own(),
            silent(path(YES, OWN, Set.of(PEER), true)),
            Kind.FILTERED,
            "n1",
            "nft list ruleset"),
        new Row(
            "strict reverse path",
            own(OWN, Firewall.NONE, true),
            silent(path(YES, OWN, Set.of(PEER), true)),
            Kind.FILTERED,
            "n1",
            "rp_filter=2"),
        new Row(
            "packets from elsewhere",
            own(),
            silent(path(NO, OWN, Set.of(OTHER), false)),
            Kind.NAT,
            "n2",
            "--node-external-ip=203.0.113.9"),
        new Row(
            "we behind NAT",
            own(),
            silent(target(OTHER, true), path(YES, OWN, Set.of(), false)),
            Kind.NAT,
            "n1",
            "--node-external-ip="),
        new Row(
            "another way out",
            own(),
            silent(path(YES, ip("10.9.9.1"), Set.of(), false)),
            Kind.WRONG_INTERFACE,
            "n1",
            "--flannel-iface=<interface with 10.9.9.1>"),
        new Row(
            "no way out",
            own(),
            silent(new Path(NO, Optional.empty(), List.of(), Set.of(), false)),
            Kind.WRONG_INTERFACE,
            "n1",
            "ip route add 192.168.77.12"),
        new Row(
            "peer is elsewhere",
            own(),
            silent(new Path(NO, Optional.of(OWN), List.of(OTHER), Set.of(), false)),
            Kind.WRONG_INTERFACE,
            "n2",
            "--flannel-iface=<interface with 203.0.113.9>"),
        new Row(
            "peer is cut off",
            own(),
            silent(path(NO, OWN, Set.of(), false)),
            Kind.UNREACHABLE,
            "n1",
            "ip route get 192.168.77.12"),
        new Row(
            "peer is down",
            own(),
            silent(target(PEER, false), path(NO, OWN, Set.of(), false)),
            Kind.UNREACHABLE,
            "n2",
            "systemctl status k3s-agent"),
        new Row(
            "big packets vanish",
            own(),
            sized(new Sizes(1450, NO, OptionalInt.of(1350), 1500, NO, NO)),
            Kind.MTU,
            "n1 and n2",
            "ip link set eth0 mtu 1400"),
        new Row(
            "big packets vanish though a router speaks",
            own(),
            sized(new Sizes(1450, NO, OptionalInt.of(1400), 1500, TOO_BIG, NO)),
            Kind.MTU,
            "n1 and n2",
            "ip link set eth0 mtu 1450"),
        new Row(
            "big packets are cut",
            own(),
            sized(new Sizes(1450, YES, OptionalInt.empty(), 1500, TOO_BIG, YES)),
            Kind.FRAGMENTED,
            "n1 and n2",
            "ip link set eth0 mtu 1450"),
        new Row(
            "TCP passes beside the tunnel alone",
            own(),
            knocked(new Tcp(Knock.SILENT, Optional.of(Knock.OPEN), false)),
            Kind.CHECKSUM,
            "n1 and n2",
            "ethtool -K flannel.1 tx-checksum-ip-generic off"),
        new Row(
            "segments with bad checksums",
            own(),
            knocked(new Tcp(Knock.SILENT, Optional.of(Knock.SILENT), true)),
            Kind.CHECKSUM,
            "n1 and n2",
            "ethtool -K flannel.1 tx-checksum-ip-generic off"),
        new Row(
            "entries are missing",
            own(),
            new PeerSight(
                target(PEER, true),
                List.of("route 10.42.2.0/24"),
                YES,
                Optional.empty(),
                Optional.empty(),
                Optional.empty()),
            Kind.ENTRIES,
            "n1",
            "systemctl restart k3s-agent"));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void namesTheCauseTheNodeAndTheRepair(Row row) {
    assertThat(Diagnosis.of(row.own(), row.seen()))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.kind()).isEqualTo(row.kind());
              assertThat(finding.where()).isEqualTo(row.where());
              assertThat(finding.repair()).contains(row.repair());
              assertThat(finding.peer()).isEqualTo("n2");
            });
  }

  @Test
  void saysNothingWhereAllIsWellOrCannotBeTold() {
    assertThat(Diagnosis.of(own())).isEmpty();
    Sizes fits = new Sizes(1450, YES, OptionalInt.empty(), 1500, YES, YES);
    assertThat(Diagnosis.of(own(), sized(fits))).isEmpty();
    Sizes noPingsBeside = new Sizes(1450, YES, OptionalInt.empty(), 1500, NO, NO);
    assertThat(Diagnosis.of(own(), sized(noPingsBeside))).isEmpty();
    Tcp closedForGood = new Tcp(Knock.SILENT, Optional.of(Knock.SILENT), false);
    assertThat(Diagnosis.of(own(), knocked(closedForGood))).isEmpty();
  }

  @Test
  void looksAtTheOwnDeviceFirst() {
    OwnEnd good = own();
    assertThat(Diagnosis.of(with(good, Optional.empty(), OWN, OWN)))
        .singleElement()
        .extracting(Finding::message)
        .isEqualTo("there is no interface flannel.1");
    Link down = device(OWN, false);
    assertThat(Diagnosis.of(with(good, Optional.of(down), OWN, OWN)))
        .singleElement()
        .extracting(Finding::repair)
        .asString()
        .startsWith("ip link set flannel.1 up");
    assertThat(Diagnosis.of(with(good, Optional.of(device(OWN, true)), OTHER, OWN)))
        .singleElement()
        .extracting(Finding::message)
        .isEqualTo("peers are told to send to 203.0.113.9, but flannel.1 is at 192.168.77.11");
    assertThat(Diagnosis.of(with(good, Optional.of(device(OWN, true)), OWN, OTHER)))
        .singleElement()
        .extracting(Finding::repair)
        .isEqualTo("k3s agent --flannel-iface=<interface with 203.0.113.9>");
  }

  private static OwnEnd own() {
    return own(OWN, Firewall.NONE, false);
  }

  private static OwnEnd own(InetAddress address, Firewall firewall, boolean strict) {
    return new OwnEnd(
        "n1",
        Family.IPV4,
        Optional.of(device(address, true)),
        Optional.of(new Link(2, "eth0", "", Optional.empty(), 1500, true, Optional.empty())),
        List.of(address),
        Optional.of(new Announced(Optional.of(MAC), 1, Optional.of(address), false)),
        List.of(address),
        strict,
        firewall,
        BackendType.VXLAN,
        true);
  }

  /** With a network of an administrator's own number and port. */
  private static OwnEnd other(Firewall firewall) {
    OwnEnd own = own(OWN, firewall, false);
    Link device =
        new Link(
            5,
            "flannel.7",
            "vxlan",
            Optional.of(MAC),
            1450,
            true,
            Optional.of(
                new VxlanSettings(7, 2, Optional.of(OWN), Optional.empty(), 4789, false, false)));
    return new OwnEnd(
        own.node(),
        own.family(),
        Optional.of(device),
        own.uplink(),
        own.uplinkAddresses(),
        own.announced(),
        own.nodeAddresses(),
        false,
        firewall,
        BackendType.VXLAN,
        true);
  }

  private static OwnEnd with(
      OwnEnd own, Optional<Link> device, InetAddress told, InetAddress nodeAddress) {
    return new OwnEnd(
        own.node(),
        own.family(),
        device,
        own.uplink(),
        own.uplinkAddresses(),
        Optional.of(new Announced(Optional.of(MAC), 1, Optional.of(told), false)),
        List.of(nodeAddress),
        false,
        Firewall.NONE,
        BackendType.VXLAN,
        true);
  }

  private static Link device(InetAddress local, boolean up) {
    return new Link(
        5,
        "flannel.1",
        "vxlan",
        Optional.of(MAC),
        1450,
        up,
        Optional.of(
            new VxlanSettings(1, 2, Optional.of(local), Optional.empty(), 8472, false, false)));
  }

  private static Target target(InetAddress at, boolean ready) {
    Peer peer =
        new Peer(
            "n2",
            Cidr.parse("10.42.2.0/24"),
            at,
            Optional.of(MacAddress.parse("02:22:22:22:22:22")));
    return new Target(peer, ready, List.of());
  }

  private static Path path(
      EchoAnswer underlay, InetAddress source, Set<InetAddress> senders, boolean delivered) {
    return new Path(underlay, Optional.of(source), List.of(), senders, delivered);
  }

  private static PeerSight silent(Path path) {
    return silent(target(PEER, true), path);
  }

  private static PeerSight silent(Target target, Path path) {
    return new PeerSight(
        target, List.of(), NO, Optional.empty(), Optional.empty(), Optional.of(path));
  }

  private static PeerSight sized(Sizes sizes) {
    return new PeerSight(
        target(PEER, true), List.of(), YES, Optional.of(sizes), Optional.empty(), Optional.empty());
  }

  private static PeerSight knocked(Tcp tcp) {
    return new PeerSight(
        target(PEER, true), List.of(), YES, Optional.empty(), Optional.of(tcp), Optional.empty());
  }

  private static InetAddress ip(String text) {
    return IpAddresses.parse(text);
  }
}
