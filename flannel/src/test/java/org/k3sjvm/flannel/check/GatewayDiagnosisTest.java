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
import org.k3sjvm.flannel.check.OwnEnd.Firewall;
import org.k3sjvm.flannel.check.PeerSight.Path;
import org.k3sjvm.flannel.check.PeerSight.Sizes;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.lease.Peer;
import org.k3sjvm.linux.echo.EchoAnswer;
import org.k3sjvm.linux.net.Link;

class GatewayDiagnosisTest {
  private static final InetAddress OWN = IpAddresses.parse("192.168.77.11");
  private static final InetAddress PEER = IpAddresses.parse("192.168.77.12");
  private static final InetAddress OTHER = IpAddresses.parse("203.0.113.9");
  private static final EchoAnswer YES = new EchoAnswer.Answered(Duration.ofMillis(1));
  private static final EchoAnswer NO = new EchoAnswer.Silent();
  private static final EchoAnswer TOO_BIG = new EchoAnswer.TooBig(OptionalInt.of(1400));
  private static final Sizes FITS = new Sizes(1500, YES, OptionalInt.empty(), 1500, YES, YES);

  /** What was seen, and the finding: its kind, the node to mend, a part of it and of the repair. */
  record Row(
      String name,
      OwnEnd own,
      PeerSight seen,
      boolean neighbour,
      Kind kind,
      String where,
      String message,
      String repair) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Row> rows() {
    return List.of(
        new Row(
            "behind a router",
            own(Family.IPV4, true),
            silent(NO, List.of()),
            false,
            Kind.NO_NEIGHBOUR,
            "the servers",
            "192.168.77.12 is on no network of eth0 (192.168.77.11)",
            "k3s server --flannel-backend=vxlan"),
        new Row(
            "a route is missing",
            own(Family.IPV4, true),
            new PeerSight(
                target(true),
                List.of("route 10.42.2.0/24 via 192.168.77.12 dev eth0"),
                YES,
                Optional.of(FITS),
                Optional.empty(),
                Optional.empty()),
            true,
            Kind.ENTRIES,
            "n1",
            "the kernel lacks route 10.42.2.0/24",
            "systemctl restart k3s-agent"),
        new Row(
            "this host does not forward",
            own(Family.IPV4, false),
            sized(FITS),
            true,
            Kind.FILTERED,
            "n1",
            "this host does not forward packets",
            "sysctl -w net.ipv4.ip_forward=1"),
        new Row(
            "this host does not forward IPv6",
            own(Family.IPV6, false),
            sized(FITS),
            true,
            Kind.FILTERED,
            "n1",
            "this host does not forward packets",
            "sysctl -w net.ipv6.conf.all.forwarding=1"),
        new Row(
            "packets of pods are dropped",
            own(Family.IPV4, true),
            silent(YES, List.of()),
            true,
            Kind.FILTERED,
            "n2",
            "it answers at 192.168.77.12, but the bridge of its pods, 10.42.2.1, does not",
            "let in what is for 10.42.2.0/24"),
        new Row(
            "the peer is cut off",
            own(Family.IPV4, true),
            silent(NO, List.of()),
            true,
            Kind.UNREACHABLE,
            "n1",
            "192.168.77.12 does not answer",
            "ip route get 192.168.77.12"),
        new Row(
            "the peer is elsewhere",
            own(Family.IPV4, true),
            silent(NO, List.of(OTHER)),
            true,
            Kind.WRONG_INTERFACE,
            "n2",
            "it answers at 203.0.113.9",
            "--flannel-iface=<interface with 203.0.113.9>"),
        new Row(
            "narrow, and a router says so",
            own(Family.IPV4, true),
            sized(new Sizes(1500, NO, OptionalInt.of(1398), 1500, TOO_BIG, YES)),
            true,
            Kind.MTU,
            "n1 and n2",
            "packets of 1500 bytes do not get through, only those of up to 1398 do; a router says"
                + " that 1400 bytes fit",
            "ip link set eth0 mtu 1398"),
        new Row(
            "narrow, and nobody says how much",
            own(Family.IPV4, true),
            sized(new Sizes(1500, NO, OptionalInt.empty(), 1500, NO, NO)),
            true,
            Kind.MTU,
            "n1 and n2",
            "packets of 1500 bytes do not get through, small ones do",
            "ip link set eth0 mtu <what fits>"));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void namesTheFaultTheNodeAndTheRepair(Row row) {
    assertThat(GatewayDiagnosis.of(row.own(), row.seen(), row.neighbour()))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.kind()).isEqualTo(row.kind());
              assertThat(finding.peer()).isEqualTo("n2");
              assertThat(finding.where()).isEqualTo(row.where());
              assertThat(finding.message()).contains(row.message());
              assertThat(finding.repair()).contains(row.repair());
            });
  }

  @Test
  void findsNothingWhereAllIsWell() {
    assertThat(GatewayDiagnosis.of(own(Family.IPV4, true), sized(FITS), true)).isEmpty();
  }

  private static OwnEnd own(Family family, boolean forwards) {
    return new OwnEnd(
        "n1",
        family,
        Optional.empty(),
        Optional.of(new Link(2, "eth0", "", Optional.empty(), 1500, true, Optional.empty())),
        List.of(OWN),
        Optional.empty(),
        List.of(OWN),
        false,
        Firewall.NONE,
        BackendType.HOST_GW,
        forwards);
  }

  private static Target target(boolean ready) {
    Peer peer = new Peer("n2", Cidr.parse("10.42.2.0/24"), PEER, Optional.empty());
    return new Target(peer, ready, List.of(), peer.podCidr().at(1));
  }

  private static PeerSight silent(EchoAnswer underlay, List<InetAddress> elsewhere) {
    return new PeerSight(
        target(true),
        List.of(),
        NO,
        Optional.empty(),
        Optional.empty(),
        Optional.of(new Path(underlay, Optional.of(OWN), elsewhere, Set.of(), false)));
  }

  private static PeerSight sized(Sizes sizes) {
    return new PeerSight(
        target(true), List.of(), YES, Optional.of(sizes), Optional.empty(), Optional.empty());
  }
}
