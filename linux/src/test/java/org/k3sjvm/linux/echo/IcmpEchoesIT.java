package org.k3sjvm.linux.echo;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.netlink.NetlinkNetwork;
import org.k3sjvm.linux.testing.TestNamespace;

/** A host, a router whose far side is narrow, and a host behind it. */
class IcmpEchoesIT {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final Duration BRIEF = Duration.ofMillis(200);
  private static final InetAddress ROUTER = IpAddresses.parse("192.0.2.1");
  private static final InetAddress FAR = IpAddresses.parse("198.51.100.2");
  private static final InetAddress FAR_V6 = IpAddresses.parse("2001:db8:2::2");
  private static final InetAddress NOBODY = IpAddresses.parse("192.0.2.77");

  private TestNamespace near;
  private TestNamespace router;
  private TestNamespace far;

  @BeforeEach
  void build() throws Exception {
    near = TestNamespace.create("near");
    router = TestNamespace.create("router");
    far = TestNamespace.create("far");
    cable(near, "192.0.2.2/24", "2001:db8:1::2/64", "r1", ROUTER, "2001:db8:1::1", 1500);
    cable(
        far,
        "198.51.100.2/24",
        "2001:db8:2::2/64",
        "r2",
        IpAddresses.parse("198.51.100.1"),
        "2001:db8:2::1",
        1400);
    router.exec("sysctl", "-qw", "net.ipv4.ip_forward=1");
    router.exec("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1");
  }

  @AfterEach
  void tearDown() {
    near.close();
    router.close();
    far.close();
  }

  @Test
  void tellsAnswersFromSilenceAndWhatFitsFromWhatDoesNot() throws Exception {
    try (IcmpEchoes echoes = near.call(IcmpEchoes::open)) {
      assertThat(echoes.ask(Echo.small(FAR, LIMIT)).answered()).isTrue();
      assertThat(echoes.ask(Echo.whole(FAR, 1400, LIMIT)).answered()).isTrue();
      assertThat(echoes.ask(new Echo(FAR, 1500, true, LIMIT)).answered()).isTrue();
      assertThat(echoes.ask(Echo.whole(FAR, 1500, LIMIT)))
          .as("a router refuses")
          .isEqualTo(new EchoAnswer.TooBig(OptionalInt.of(1400)));
      assertThat(echoes.ask(Echo.whole(FAR, 1500, LIMIT)))
          .as("and again: what was learnt of the path does not answer in its place")
          .isEqualTo(new EchoAnswer.TooBig(OptionalInt.of(1400)));
      assertThat(echoes.ask(Echo.whole(ROUTER, 1501, LIMIT)))
          .as("the own interface refuses")
          .isInstanceOf(EchoAnswer.TooBig.class);
      assertThat(echoes.ask(Echo.small(IpAddresses.parse("203.0.113.9"), LIMIT)))
          .isEqualTo(new EchoAnswer.Unreachable("network is unreachable"));
      far.exec("nft", "add table ip t");
      far.exec("nft", "add chain ip t c { type filter hook input priority 0; policy drop; }");
      assertThat(echoes.ask(Echo.small(FAR, BRIEF))).isEqualTo(new EchoAnswer.Silent());
    }
  }

  @Test
  void doesTheSameOverIpv6() throws Exception {
    try (IcmpEchoes echoes = near.call(IcmpEchoes::open)) {
      assertThat(echoes.ask(Echo.small(FAR_V6, LIMIT)).answered()).isTrue();
      assertThat(echoes.ask(Echo.whole(FAR_V6, 1400, LIMIT)).answered()).isTrue();
      assertThat(echoes.ask(Echo.whole(FAR_V6, 1500, LIMIT))).isInstanceOf(EchoAnswer.TooBig.class);
    }
  }

  @Test
  void asksManyAtOnceAndWaitsNoLongerThanItMust() throws Exception {
    try (RollCall calls = near.call(IcmpRollCall::open)) {
      assertThat(calls.answering(List.of(FAR_V6), LIMIT)).as("neighbours are found").hasSize(1);
      assertThat(calls.answering(List.of(ROUTER, FAR, FAR_V6, NOBODY), Duration.ofMillis(300)))
          .isEqualTo(Set.of(ROUTER, FAR, FAR_V6));
      long start = System.nanoTime();
      assertThat(calls.answering(List.of(ROUTER, FAR), LIMIT)).hasSize(2);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(LIMIT);
      assertThat(calls.answering(List.of(), LIMIT)).isEmpty();
    }
  }

  @Test
  void seesVxlanPacketsThatAFilterDrops() throws Exception {
    near.exec("nft", "add table ip t");
    near.exec("nft", "add chain ip t c { type filter hook input priority 0; policy drop; }");
    far.exec(
        "ip",
        "link",
        "add",
        "vx",
        "address",
        "02:11:11:11:11:11",
        "type",
        "vxlan",
        "id",
        "1",
        "dstport",
        "8472",
        "remote",
        "192.0.2.2");
    far.exec("ip", "addr", "add", "10.9.9.1/24", "dev", "vx");
    try (VxlanTap tap =
        near.call(
            () -> {
              try (NetlinkNetwork network = NetlinkNetwork.open()) {
                Link link = network.link("eth0").orElseThrow();
                return VxlanTap.open(link, false, 8472);
              }
            })) {
      assertThat(tap.look()).isEmpty();
      far.exec("ip", "link", "set", "vx", "up");
      var _ = far.attempt("busybox", "ping", "-c", "1", "-W", "1", "10.9.9.2"); // asks by ARP

      assertThat(tap.look())
          .contains(new VxlanPacket(FAR, 1, MacAddress.parse("02:11:11:11:11:11")));
    }
  }

  private void cable(
      TestNamespace host,
      String address,
      String addressV6,
      String port,
      InetAddress gateway,
      String gatewayV6,
      int mtuBytes)
      throws InterruptedException {
    router.exec(
        "ip",
        "link",
        "add",
        port,
        "mtu",
        "" + mtuBytes,
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "mtu",
        "" + mtuBytes,
        "netns",
        host.name());
    String prefix = gateway.getHostAddress() + "/24";
    router.exec("ip", "addr", "add", prefix, "dev", port);
    router.exec("ip", "addr", "add", gatewayV6 + "/64", "dev", port, "nodad");
    router.exec("ip", "link", "set", port, "up");
    host.exec("ip", "addr", "add", address, "dev", "eth0");
    host.exec("ip", "addr", "add", addressV6, "dev", "eth0", "nodad");
    host.exec("ip", "link", "set", "eth0", "up");
    if (host == near) {
      host.exec("ip", "route", "add", "198.51.100.0/24", "via", gateway.getHostAddress());
      host.exec("ip", "route", "add", "2001:db8:2::/64", "via", gatewayV6);
    } else {
      host.exec("ip", "route", "add", "default", "via", gateway.getHostAddress());
      host.exec("ip", "route", "add", "default", "via", gatewayV6);
    }
  }
}
