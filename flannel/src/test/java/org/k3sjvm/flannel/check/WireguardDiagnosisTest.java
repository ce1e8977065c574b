package org.k3sjvm.flannel.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
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

class WireguardDiagnosisTest {
  private static final InetAddress OWN = IpAddresses.parse("192.168.77.11");
  private static final EchoAnswer YES = new EchoAnswer.Answered(Duration.ofMillis(1));
  private static final EchoAnswer NO = new EchoAnswer.Silent();

  @Test
  void blamesAFilterOnThePortWhereNoKeysWereAgreedOn() {
    assertThat(findings(silent(YES), false))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.kind()).isEqualTo(Kind.FIREWALL);
              assertThat(finding.message()).contains("drops UDP port 51820");
              assertThat(finding.repair()).contains("ufw allow 51820/udp");
            });
  }

  @Test
  void blamesAFilterOnTheInterfaceWhereTheTunnelStands() {
    assertThat(findings(silent(YES), true))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.kind()).isEqualTo(Kind.FILTERED);
              assertThat(finding.repair()).contains("flannel-wg");
            });
  }

  @Test
  void saysThatAHostIsNotReachedAtAll() {
    assertThat(findings(silent(NO), false))
        .singleElement()
        .satisfies(finding -> assertThat(finding.kind()).isEqualTo(Kind.UNREACHABLE));
  }

  @Test
  void reckonsWithEightyBytesWherePacketsAreTooBig() {
    Sizes sizes = new Sizes(1420, NO, OptionalInt.of(1320), 1500, NO, NO);
    PeerSight sight =
        new PeerSight(
            target(), List.of(), YES, Optional.of(sizes), Optional.empty(), Optional.empty());

    assertThat(findings(sight, true))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.kind()).isEqualTo(Kind.MTU);
              assertThat(finding.repair()).startsWith("ip link set eth0 mtu 1400");
            });
  }

  @Test
  void namesWhatTheKernelLacks() {
    PeerSight sight =
        new PeerSight(
            target(),
            List.of("a peer of flannel-wg for 10.42.2.0/24"),
            YES,
            Optional.empty(),
            Optional.empty(),
            Optional.empty());

    assertThat(findings(sight, true))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.kind()).isEqualTo(Kind.ENTRIES);
              assertThat(finding.message())
                  .isEqualTo("the kernel lacks a peer of flannel-wg for 10.42.2.0/24");
            });
  }

  @Test
  void findsNothingWhereAllIsWell() {
    Sizes sizes = new Sizes(1420, YES, OptionalInt.empty(), 1500, YES, YES);

    assertThat(WireguardDiagnosis.of(own(true))).isEmpty();
    assertThat(
            findings(
                new PeerSight(
                    target(),
                    List.of(),
                    YES,
                    Optional.of(sizes),
                    Optional.empty(),
                    Optional.empty()),
                true))
        .isEmpty();
  }

  @Test
  void saysThatTheInterfaceIsDown() {
    assertThat(WireguardDiagnosis.of(own(false)))
        .singleElement()
        .satisfies(
            finding -> assertThat(finding.message()).isEqualTo("interface flannel-wg is down"));
  }

  private static List<Finding> findings(PeerSight sight, boolean session) {
    return WireguardDiagnosis.of(own(true), sight, 51820, session);
  }

  private static OwnEnd own(boolean up) {
    return new OwnEnd(
        "n1",
        Family.IPV4,
        Optional.of(
            new Link(
                5, "flannel-wg", Link.WIREGUARD, Optional.empty(), 1420, up, Optional.empty())),
        Optional.of(new Link(2, "eth0", "", Optional.empty(), 1500, true, Optional.empty())),
        List.of(OWN),
        Optional.empty(),
        List.of(OWN),
        false,
        Firewall.UFW,
        BackendType.WIREGUARD,
        true);
  }

  private static Target target() {
    Peer peer =
        new Peer(
            "n2", Cidr.parse("10.42.2.0/24"), IpAddresses.parse("192.168.77.12"), Optional.empty());
    return new Target(peer, true, List.of());
  }

  private static PeerSight silent(EchoAnswer underlay) {
    return new PeerSight(
        target(),
        List.of(),
        NO,
        Optional.empty(),
        Optional.empty(),
        Optional.of(new Path(underlay, Optional.of(OWN), List.of(), Set.of(), false)));
  }
}
