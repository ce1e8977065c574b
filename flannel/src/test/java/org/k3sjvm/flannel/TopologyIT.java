package org.k3sjvm.flannel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Node;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.FlannelRig.Host;
import org.k3sjvm.flannel.FlannelRig.Pod;
import org.k3sjvm.flannel.backend.VxlanOptions;
import org.k3sjvm.flannel.check.NetworkCheck;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.flannel.uplink.UplinkWishes;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.linux.echo.Echo;
import org.k3sjvm.linux.echo.EchoAnswer;
import org.k3sjvm.linux.echo.IcmpEchoes;
import org.k3sjvm.linux.testing.TestNamespace;

/** Networks of different shapes, and what happens to them. */
@Timeout(180)
class TopologyIT {
  private static final String PREFIX = "flannel.alpha.coreos.com/";
  private static final Duration LIMIT = Duration.ofSeconds(3);
  private static final long MIB = 1 << 20;

  /** How much is sent over the narrow underlay; {@code -Dstream.mib=1024}. */
  private static final long STREAM_BYTES = Long.getLong("stream.mib", 128) * MIB;

  @TempDir private Path directory;

  private Optional<FlannelRig> opened = Optional.empty();

  @AfterEach
  void pullCables() throws Exception {
    if (opened.isPresent()) {
      opened.get().close();
    }
  }

  @Test
  void threeHostsReachEachOtherInBothFamilies() throws Exception {
    FlannelRig rig = rig("10.42.0.0/16", "2001:cafe:42::/56");
    List<Host> hosts =
        List.of(
            rig.host("n1", 1, "10.42.1.0/24", "2001:cafe:42:1::/64"),
            rig.host("n2", 2, "10.42.2.0/24", "2001:cafe:42:2::/64"),
            rig.host("n3", 3, "10.42.3.0/24", "2001:cafe:42:3::/64"));
    List<Pod> pods = List.of(hosts.get(0).pod("a"), hosts.get(1).pod("b"), hosts.get(2).pod("c"));

    for (Pod from : pods) {
      for (Pod to : pods) {
        for (String address : to.addresses) {
          FlannelRig.awaitPing(from.namespace, address);
        }
      }
    }

    Pod a = pods.getFirst();
    String there = pods.getLast().addresses.getLast();
    assertThat(whole(a, there, 1430)).isInstanceOf(EchoAnswer.Answered.class);
    assertThat(whole(a, there, 1450))
        .as("the host says that IPv6 needs 20 bytes more")
        .isInstanceOf(EchoAnswer.TooBig.class);
  }

  @Test
  void aNarrowUnderlayMakesNarrowPodsAndNothingIsLost() throws Exception {
    FlannelRig rig = rig("10.42.0.0/16");
    Host one = rig.bareHost("n1", 1, "10.42.1.0/24");
    Host two = rig.bareHost("n2", 2, "10.42.2.0/24");
    for (Host host : List.of(one, two)) {
      host.namespace.exec("ip", "link", "set", "eth0", "mtu", "1450");
      host.start();
    }
    rig.setPortMtu(1, 1450);
    rig.setPortMtu(2, 1450);
    Pod a = one.pod("a");
    Pod b = two.pod("b");
    FlannelRig.awaitPing(a.namespace, b.address());

    assertThat(whole(a, b.address(), 1400)).isInstanceOf(EchoAnswer.Answered.class);
    assertThat(whole(a, b.address(), 1401)).isInstanceOf(EchoAnswer.TooBig.class);
    long began = System.nanoTime();
    Stream stream = new Stream(a.namespace, b.namespace, b.address(), STREAM_BYTES, Duration.ZERO);
    assertThat(stream.lost()).isZero();
    assertThat(stream.received()).isEqualTo(STREAM_BYTES);
    System.out.printf(
        "%d MiB between pods in %.1f s%n", STREAM_BYTES / MIB, (System.nanoTime() - began) / 1e9);
  }

  @Test
  void aConnectionLivesOnWhileAgentsRestart() throws Exception {
    FlannelRig rig = rig("10.42.0.0/16");
    Host one = rig.host("n1", 1, "10.42.1.0/24");
    Host two = rig.host("n2", 2, "10.42.2.0/24");
    Pod a = one.pod("a");
    Pod b = two.pod("b");
    FlannelRig.awaitPing(a.namespace, b.address());

    Stream stream =
        new Stream(a.namespace, b.namespace, b.address(), Long.MAX_VALUE, Duration.ofMillis(2));
    stream.awaitMore(MIB);
    for (Host host : List.of(one, two)) {
      host.stop();
      stream.awaitMore(MIB);
      host.start();
      stream.awaitMore(MIB);
    }

    assertThat(stream.end()).isZero();
  }

  @Test
  void aHostThatBootsAgainIsKnownByItsMac() throws Exception {
    FlannelRig rig = rig("10.42.0.0/16");
    Host one = rig.host("n1", 1, "10.42.1.0/24");
    Host two = rig.host("n2", 2, "10.42.2.0/24");
    Pod a = one.pod("a");
    FlannelRig.awaitPing(a.namespace, two.pod("b").address());
    String mac = two.mac();
    String entries = one.namespace.exec("bridge", "fdb", "show", "dev", "flannel.1");

    two.reboot();
    assertThat(two.namespace.exec("ip", "-o", "link")).doesNotContain("flannel.1");
    two.start();

    assertThat(two.mac()).isEqualTo(mac);
    FlannelRig.awaitPing(a.namespace, two.pod("b2").address());
    assertThat(one.namespace.exec("bridge", "fdb", "show", "dev", "flannel.1"))
        .as("peers had nothing to change")
        .isEqualTo(entries);
  }

  @Test
  void aHostOfTwoNetworksUsesTheOneThatIsNamedOrLeadsToTheServerOrHasTheDefaultRoute()
      throws Exception {
    FlannelRig rig = rig("10.42.0.0/16");
    Host one = rig.host("n1", 1, "10.42.1.0/24");
    Host two = rig.bareHost("n2", 2, "10.42.2.0/24");
    TestNamespace office = rig.namespace("office");
    office.cable("e", two.namespace, "a0"); // before eth0 by name
    office.address("e", "10.8.0.1/24", "fd08::1/64");
    two.namespace.address("a0", "10.8.0.2/24", "fd08::2/64");
    Pod a = one.pod("a");

    two.start();
    FlannelRig.awaitPing(a.namespace, two.pod("b").address());
    assertThat(annotation(rig, "n2", "public-ip")).isEqualTo("192.168.77.12");

    two.stop();
    two.namespace.exec("ip", "route", "replace", "default", "via", "10.8.0.1");
    two.uplink = UplinkWishes.NONE.named("eth0");
    two.start();
    FlannelRig.awaitPing(a.namespace, two.pod("b2").address());
    assertThat(annotation(rig, "n2", "public-ip")).isEqualTo("192.168.77.12");

    two.stop();
    two.uplink = towards("192.168.77.11");
    two.start();
    FlannelRig.awaitPing(a.namespace, two.pod("b3").address());
    assertThat(annotation(rig, "n2", "public-ip")).isEqualTo("192.168.77.12");

    two.stop();
    two.uplink = towards("192.0.2.1");
    two.start();
    FlannelRig.await(
        "the other address",
        () -> Optional.of(annotation(rig, "n2", "public-ip")).filter("10.8.0.2"::equals));
  }

  @Test
  void aHostBehindAddressTranslationIsReachedAtTheAddressThatIsSaid() throws Exception {
    FlannelRig rig = rig("10.42.0.0/16");
    Host one = rig.host("n1", 1, "10.42.1.0/24");
    Host two = rig.bareHost("n2", 2, "10.42.2.0/24");
    TestNamespace router = rig.namespace("router");
    rig.attach(router, "192.168.77.60");
    two.namespace.exec("ip", "link", "del", "eth0");
    router.cable("inner", two.namespace, "eth0");
    router.address("inner", "172.30.0.1/24", "fd30::1/64");
    two.namespace.address("eth0", "172.30.0.2/24", "fd30::2/64");
    two.namespace.exec("ip", "route", "add", "default", "via", "172.30.0.1");
    router.exec("sysctl", "-qw", "net.ipv4.ip_forward=1");
    router.exec("nft", "add table ip nat");
    router.exec("nft", "add chain ip nat in { type nat hook prerouting priority -100; }");
    router.exec("nft", "add chain ip nat out { type nat hook postrouting priority 100; }");
    router.exec("nft", "add rule ip nat in iifname eth0 udp dport 8472 dnat to 172.30.0.2");
    router.exec("nft", "add rule ip nat out oifname eth0 snat to 192.168.77.60");
    two.announced = Map.of(Family.IPV4, IpAddresses.parse("192.168.77.60"));

    two.start();

    Pod a = one.pod("a");
    Pod b = two.pod("b");
    FlannelRig.awaitPing(a.namespace, b.address());
    FlannelRig.awaitPing(b.namespace, a.address());
    assertThat(annotation(rig, "n2", "public-ip")).isEqualTo("192.168.77.60");
    assertThat(annotation(rig, "n2", "public-ip-overwrite")).isEqualTo("192.168.77.60");
    assertThat(FlannelRig.clientSeenBy(b.namespace, a.namespace, b.address()))
        .isEqualTo(a.address());

    two.stop();
    two.announced = Map.of();
    two.start();
    FlannelRig.await(
        "its own address",
        () -> Optional.of(annotation(rig, "n2", "public-ip")).filter("172.30.0.2"::equals));
    assertThat(annotation(rig, "n2", "public-ip-overwrite")).isEmpty();
  }

  @Test
  void anAdministratorsVxlanHasItsOwnNumberAndPortAndSparesTheTunnelBetweenNeighbours()
      throws Exception {
    FlannelRig rig = rig("10.42.0.0/16");
    Host one = rig.bareHost("n1", 1, "10.42.1.0/24");
    Host two = rig.bareHost("n2", 2, "10.42.2.0/24");
    for (Host host : List.of(one, two)) {
      host.vxlan = new VxlanOptions(7, 4789, OptionalInt.of(1400), false, false, false);
      host.start();
    }
    Pod a = one.pod("a");
    Pod b = two.pod("b");
    FlannelRig.awaitPing(a.namespace, b.address());
    assertThat(one.namespace.exec("ip", "-d", "link", "show", "flannel.7"))
        .contains("vxlan id 7 ", "dstport 4789", "mtu 1350");
    assertThat(annotation(rig, "n1", "backend-data")).startsWith("{\"VNI\":7,");
    two.drop("input", "udp dport 4789");
    List<Node> nodes = rig.api.list(Resources.NODES, ListRequest.newest(Selection.ALL)).items();
    assertThat(one.namespace.call(() -> NetworkCheck.run(nodes, Optional.of("n1"))).findings())
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.where()).isEqualTo("n2");
              assertThat(finding.repair()).contains("--dport 4789");
            });
    two.namespace.exec("nft", "delete", "table", "ip", "broken");

    for (Host host : List.of(one, two)) {
      host.stop();
      host.vxlan = new VxlanOptions(7, 4789, OptionalInt.of(1400), false, false, true);
      host.start();
    }
    FlannelRig.await(
        "a route beside the tunnel",
        () ->
            Optional.of(one.namespace.exec("ip", "route"))
                .filter(text -> text.contains("10.42.2.0/24 via 192.168.77.12 dev eth0")));
    FlannelRig.awaitPing(a.namespace, b.address());
  }

  @Test
  void hostGatewaysRouteWithoutADeviceAndARouteThatIsTakenComesBack() throws Exception {
    FlannelRig rig = rig("10.42.0.0/16");
    Host one = rig.bareHost("n1", 1, "10.42.1.0/24");
    Host two = rig.bareHost("n2", 2, "10.42.2.0/24");
    for (Host host : List.of(one, two)) {
      host.backend = BackendType.HOST_GW;
      host.start();
    }
    Pod a = one.pod("a");
    Pod b = two.pod("b");
    FlannelRig.awaitPing(a.namespace, b.address());

    assertThat(one.namespace.exec("ip", "route"))
        .contains("10.42.2.0/24 via 192.168.77.12 dev eth0")
        .doesNotContain("flannel");
    assertThat(one.namespace.exec("ip", "-o", "link")).doesNotContain("flannel.1");
    assertThat(whole(a, b.address(), 1500)).isInstanceOf(EchoAnswer.Answered.class);
    assertThat(annotations(rig, "n1"))
        .containsEntry(PREFIX + "backend-type", "host-gw")
        .containsEntry(PREFIX + "backend-data", "null");
    assertThat(FlannelRig.clientSeenBy(b.namespace, a.namespace, b.address()))
        .isEqualTo(a.address());

    one.namespace.exec("ip", "route", "del", "10.42.2.0/24");
    FlannelRig.awaitPing(a.namespace, b.address());
  }

  @Test
  void sayWhatToDoWhereABackendIsMissing() {
    assertThatThrownBy(() -> FlannelConfig.backendOf("ipsec"))
        .hasMessageContaining("has no flannel backend 'ipsec'")
        .hasMessageContaining("--flannel-backend=vxlan, host-gw or wireguard-native");
  }

  private FlannelRig rig(String... clusterCidrs) throws Exception {
    FlannelRig rig = new FlannelRig(directory, clusterCidrs);
    opened = Optional.of(rig);
    return rig;
  }

  /** What comes of a packet of that size that may not be cut. */
  private static EchoAnswer whole(Pod from, String to, int bytes) throws Exception {
    try (IcmpEchoes echoes = from.namespace.call(IcmpEchoes::open)) {
      return echoes.ask(Echo.whole(IpAddresses.parse(to), bytes, LIMIT));
    }
  }

  private static UplinkWishes towards(String server) {
    return UplinkWishes.NONE.towards(List.of(IpAddresses.parse(server)));
  }

  private static String annotation(FlannelRig rig, String node, String name) {
    return annotations(rig, node).getOrDefault(PREFIX + name, "");
  }

  private static Map<String, String> annotations(FlannelRig rig, String node) {
    return rig.api.get(Resources.NODES, ObjectName.ofCluster(node)).getMetadata().getAnnotations();
  }
}
