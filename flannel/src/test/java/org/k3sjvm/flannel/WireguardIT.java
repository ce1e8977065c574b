package org.k3sjvm.flannel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fabric8.kubernetes.api.model.Node;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.flannel.FlannelRig.Host;
import org.k3sjvm.flannel.FlannelRig.Pod;
import org.k3sjvm.flannel.backend.WireguardOptions;
import org.k3sjvm.flannel.backend.WireguardOptions.Mode;
import org.k3sjvm.flannel.check.Finding;
import org.k3sjvm.flannel.check.NetworkCheck;
import org.k3sjvm.flannel.check.NetworkReport;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.ListRequest;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.Selection;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.echo.Echo;
import org.k3sjvm.linux.echo.EchoAnswer;
import org.k3sjvm.linux.echo.IcmpEchoes;
import org.k3sjvm.linux.net.HostNetwork;
import org.k3sjvm.linux.net.Link;
import org.k3sjvm.linux.netlink.NetlinkNetwork;
import org.k3sjvm.linux.netlink.NetlinkWireGuard;
import org.k3sjvm.linux.wireguard.SecretKey;
import org.k3sjvm.linux.wireguard.WireGuard;
import org.k3sjvm.linux.wireguard.WireGuardDevice;
import org.k3sjvm.linux.wireguard.WireGuardDevice.PeerState;
import org.k3sjvm.linux.wireguard.WireGuardPeer;

/** Skipped where the kernel has no WireGuard; {@code scripts/vm/test.sh} brings one. */
class WireguardIT {
  private static final String PREFIX = "flannel.alpha.coreos.com/";

  @TempDir private Path directory;

  private Optional<FlannelRig> opened = Optional.empty();

  @BeforeAll
  static void askTheKernel() {
    try (WireGuard found = NetlinkWireGuard.open()) {
      assumeTrue(found != null);
    } catch (LinuxException.Unsupported e) {
      assumeTrue(false, e.getMessage());
    }
  }

  @AfterEach
  void pullCables() throws Exception {
    if (opened.isPresent()) {
      opened.get().close();
    }
  }

  @Test
  void carriesPingAndTcpOfBothFamiliesBetweenThreeHosts() throws Exception {
    FlannelRig rig = rig("10.42.0.0/16", "2001:cafe:42::/56");
    Host one = host(rig, "n1", 1, "10.42.1.0/24", "2001:cafe:42:1::/64").start();
    Host two = host(rig, "n2", 2, "10.42.2.0/24", "2001:cafe:42:2::/64").start();
    Host three = host(rig, "n3", 3, "10.42.3.0/24", "2001:cafe:42:3::/64").start();
    Pod a = one.pod("pod-a");
    Pod b = two.pod("pod-b");
    Pod c = three.pod("pod-c");

    for (int family = 0; family < 2; family++) {
      FlannelRig.awaitPing(a.namespace, b.addresses.get(family));
      FlannelRig.awaitPing(c.namespace, b.addresses.get(family));
      assertThat(FlannelRig.clientSeenBy(b.namespace, a.namespace, b.addresses.get(family)))
          .isEqualTo(a.addresses.get(family));
    }
    assertThat(FlannelRig.clientSeenBy(b.namespace, one.namespace, b.address()))
        .as("the host itself comes with its tunnel address")
        .isEqualTo("10.42.1.0");

    SecretKey key = keyOf(one);
    assertThat(annotations(rig, "n1"))
        .containsEntry(PREFIX + "backend-type", "wireguard")
        .containsEntry(
            PREFIX + "backend-data", "{\"PublicKey\":\"" + key.publicKey() + "\",\"Port\":51820}")
        .containsEntry(
            PREFIX + "backend-v6-data",
            "{\"PublicKey\":\"" + key.publicKey() + "\",\"Port\":51821}")
        .containsEntry(PREFIX + "public-ip", "192.168.77.11")
        .containsEntry(PREFIX + "public-ipv6", "fd77::11");
    WireGuardDevice four = device(one, "flannel-wg");
    assertThat(four.privateKey()).hasValue(key);
    assertThat(four.listenPort()).isEqualTo(51820);
    assertThat(four.peers())
        .extracting(PeerState::settings)
        .containsExactlyInAnyOrder(
            peer(two, "192.168.77.12", 51820, "10.42.2.0/24"),
            peer(three, "192.168.77.13", 51820, "10.42.3.0/24"));
    assertThat(device(one, "flannel-wg-v6").peers())
        .extracting(PeerState::settings)
        .containsExactlyInAnyOrder(
            peer(two, "fd77::12", 51821, "2001:cafe:42:2::/64"),
            peer(three, "fd77::13", 51821, "2001:cafe:42:3::/64"));
    assertThat(device(two, "flannel-wg").peers())
        .allSatisfy(state -> assertThat(state.lastHandshake()).isPresent());
    assertThat(one.namespace.exec("ip", "route"))
        .contains("10.42.0.0/16 dev flannel-wg scope link");
    assertThat(one.namespace.exec("ip", "-6", "route"))
        .contains("2001:cafe:42::/56 dev flannel-wg-v6");
    assertThat(one.namespace.exec("ip", "addr", "show", "flannel-wg"))
        .contains("mtu 1420")
        .contains("inet 10.42.1.0/32");
    assertThat(whole(a, b.address(), 1420)).isInstanceOf(EchoAnswer.Answered.class);
  }

  @Test
  void keepsSessionsOverARestartAndForgetsNodesThatWentMeanwhile() throws Exception {
    FlannelRig rig = rig("10.42.0.0/16");
    Host one = host(rig, "n1", 1, "10.42.1.0/24").start();
    Host two = host(rig, "n2", 2, "10.42.2.0/24").start();
    rig.api.create(
        Resources.NODES,
        Nodes.wireguard(
            "n3",
            "10.42.3.0/24",
            "192.168.77.13",
            SecretKey.of(new byte[32]).clamped().publicKey()));
    Pod a = one.pod("pod-a");
    Pod b = two.pod("pod-b");
    FlannelRig.awaitPing(a.namespace, b.address());
    awaitDevice(one, device -> device.peers().size() == 2);
    int link = link(one, "flannel-wg");
    Optional<Instant> handshake = peer(one, two).lastHandshake();

    Stream stream =
        new Stream(a.namespace, b.namespace, b.address(), Long.MAX_VALUE, Duration.ofMillis(20));
    stream.awaitMore(1);
    CompletableFuture<String> pings = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                pings.complete(
                    a.namespace
                        .attempt("busybox", "ping", "-c", "40", "-i", "0.2", b.address())
                        .output());
              } catch (InterruptedException e) {
                pings.completeExceptionally(e);
              }
            });
    one.stop();
    rig.api.delete(Resources.NODES, ObjectName.ofCluster("n3"), DeleteRequest.DEFAULT);
    one.start();
    awaitDevice(one, device -> device.peers().size() == 1);
    stream.awaitMore(64 << 10);

    assertThat(stream.end()).as("bytes lost").isZero();
    assertThat(pings.get(FlannelRig.PATIENCE.toSeconds(), TimeUnit.SECONDS))
        .contains("40 packets received, 0% packet loss");
    assertThat(link(one, "flannel-wg")).as("the same interface").isEqualTo(link);
    assertThat(peer(one, two).lastHandshake()).as("the same session").isEqualTo(handshake);
  }

  @Test
  void findsAPeerAgainThatCameBackWithAnotherKeyAndAddress() throws Exception {
    FlannelRig rig = rig("10.42.0.0/16");
    Host one = host(rig, "n1", 1, "10.42.1.0/24").start();
    Host two = host(rig, "n2", 2, "10.42.2.0/24").start();
    Pod a = one.pod("pod-a");
    FlannelRig.awaitPing(a.namespace, two.pod("pod-b").address());
    SecretKey before = keyOf(two);

    two.reboot();
    Files.delete(two.files().resolve("wgkey"));
    two.namespace.exec("ip", "addr", "del", "192.168.77.12/24", "dev", "eth0");
    two.namespace.exec("ip", "addr", "add", "192.168.77.92/24", "dev", "eth0");
    two.namespace.exec("ip", "route", "add", "default", "via", "192.168.77.1");
    two.start();

    FlannelRig.awaitPing(a.namespace, two.pod("pod-c").address());
    assertThat(keyOf(two)).isNotEqualTo(before);
    assertThat(device(one, "flannel-wg").peers())
        .extracting(PeerState::settings)
        .containsExactly(peer(two, "192.168.77.92", 51820, "10.42.2.0/24"));
  }

  @Test
  void bringsAnInterfaceBackThatWentOrWasChanged() throws Exception {
    FlannelRig rig = rig("10.42.0.0/16");
    Host one = host(rig, "n1", 1, "10.42.1.0/24").start();
    Host two = host(rig, "n2", 2, "10.42.2.0/24").start();
    Pod a = one.pod("pod-a");
    Pod b = two.pod("pod-b");
    FlannelRig.awaitPing(a.namespace, b.address());

    one.namespace.exec("ip", "link", "del", "flannel-wg");
    FlannelRig.awaitPing(a.namespace, b.address());

    one.namespace.exec("ip", "link", "set", "flannel-wg", "down");
    FlannelRig.awaitPing(a.namespace, b.address());
  }

  @Test
  void takesOneInterfaceForBothFamiliesAndAKeyThatAllShare() throws Exception {
    FlannelRig rig = rig("10.42.0.0/16", "2001:cafe:42::/56");
    WireguardOptions options =
        new WireguardOptions(
            Mode.AUTO,
            51820,
            51821,
            OptionalInt.empty(),
            Optional.of(new SecretKey(new Secret("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="))),
            25);
    Host one = host(rig, "n1", 1, "10.42.1.0/24", "2001:cafe:42:1::/64");
    Host two = host(rig, "n2", 2, "10.42.2.0/24", "2001:cafe:42:2::/64");
    one.wireguard = options;
    two.wireguard = options;
    Pod a = one.start().pod("pod-a");
    Pod b = two.start().pod("pod-b");

    for (String address : b.addresses) {
      FlannelRig.awaitPing(a.namespace, address);
    }
    assertThat(one.namespace.exec("ip", "-o", "link")).doesNotContain("flannel-wg-v6");
    assertThat(device(one, "flannel-wg").peers())
        .extracting(state -> state.settings().preshared(), state -> state.settings().allowedIps())
        .containsExactly(
            tuple(
                options.preshared(),
                Set.of(Cidr.parse("10.42.2.0/24"), Cidr.parse("2001:cafe:42:2::/64"))));
  }

  @Test
  void takesTheWayOfAnEarlierBackendAndLeavesNothingToALaterOne() throws Exception {
    FlannelRig rig = rig("10.42.0.0/16");
    Host one = rig.host("n1", 1, "10.42.1.0/24");
    Host two = rig.host("n2", 2, "10.42.2.0/24");
    Pod a = one.pod("pod-a");
    Pod b = two.pod("pod-b");
    FlannelRig.awaitPing(a.namespace, b.address());

    restart(BackendType.WIREGUARD, one, two);
    FlannelRig.awaitPing(a.namespace, b.address());
    assertThat(one.namespace.exec("ip", "-o", "link"))
        .contains("flannel-wg")
        .doesNotContain("flannel.1");

    restart(BackendType.VXLAN, one, two);
    FlannelRig.awaitPing(a.namespace, b.address());
    assertThat(one.namespace.exec("ip", "-o", "link"))
        .contains("flannel.1")
        .doesNotContain("flannel-wg");
  }

  @Test
  void tellsAClosedPortFromATunnelThatStands() throws Exception {
    FlannelRig rig = rig("10.42.0.0/16");
    Host one = host(rig, "n1", 1, "10.42.1.0/24");
    Host two = host(rig, "n2", 2, "10.42.2.0/24");
    one.drop("input", "udp dport 51820");
    two.drop("input", "udp dport 51820");
    one.start();
    two.start();
    awaitDevice(one, device -> device.peers().size() == 1);

    assertThat(check(rig, one).findings())
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.kind()).isEqualTo(Finding.Kind.FIREWALL);
              assertThat(finding.message()).contains("UDP port 51820");
            });

    one.namespace.exec("nft", "delete", "table", "ip", "broken");
    two.namespace.exec("nft", "delete", "table", "ip", "broken");
    FlannelRig.awaitPing(one.pod("pod-a").namespace, two.pod("pod-b").address());
    assertThat(check(rig, one).text())
        .startsWith("n1: flannel-wg, MTU 1420, on eth0 at 192.168.77.11\n  n2, pods 10.42.2.0/24")
        .contains(" ms, 1420 bytes")
        .endsWith("1 peers, 0 findings\n");
  }

  private static NetworkReport check(FlannelRig rig, Host host) throws Exception {
    List<Node> nodes = rig.api.list(Resources.NODES, ListRequest.newest(Selection.ALL)).items();
    return host.namespace.call(() -> NetworkCheck.run(nodes, Optional.of(host.name)));
  }

  private static void restart(BackendType backend, Host... hosts) throws Exception {
    for (Host host : hosts) {
      host.stop();
      host.backend = backend;
      host.start();
    }
  }

  private FlannelRig rig(String... clusterCidrs) throws Exception {
    FlannelRig rig = new FlannelRig(directory, clusterCidrs);
    opened = Optional.of(rig);
    return rig;
  }

  private static Host host(FlannelRig rig, String name, int number, String... podCidrs)
      throws Exception {
    Host host = rig.bareHost(name, number, podCidrs);
    host.backend = BackendType.WIREGUARD;
    return host;
  }

  private static Map<String, String> annotations(FlannelRig rig, String node) {
    return rig.api.get(Resources.NODES, ObjectName.ofCluster(node)).getMetadata().getAnnotations();
  }

  private static SecretKey keyOf(Host host) throws Exception {
    return new SecretKey(new Secret(Files.readString(host.files().resolve("wgkey"))));
  }

  private static WireGuardPeer peer(Host host, String address, int port, String network)
      throws Exception {
    return new WireGuardPeer(
        keyOf(host).publicKey(),
        Optional.empty(),
        Optional.of(new InetSocketAddress(IpAddresses.parse(address), port)),
        25,
        Set.of(Cidr.parse(network)));
  }

  private static PeerState peer(Host host, Host other) throws Exception {
    SecretKey key = keyOf(other);
    return device(host, "flannel-wg").peers().stream()
        .filter(state -> state.settings().key().equals(key.publicKey()))
        .findFirst()
        .orElseThrow();
  }

  private static void awaitDevice(Host host, Predicate<WireGuardDevice> wanted) throws Exception {
    FlannelRig.await(
        "the peers of " + host.name, () -> Optional.of(device(host, "flannel-wg")).filter(wanted));
  }

  private static WireGuardDevice device(Host host, String name) throws Exception {
    try (WireGuard wireGuard = host.namespace.call(NetlinkWireGuard::open)) {
      return wireGuard.device(link(host, name));
    }
  }

  private static int link(Host host, String name) throws Exception {
    try (HostNetwork network = host.namespace.call(NetlinkNetwork::open)) {
      return network.link(name).map(Link::index).orElseThrow();
    }
  }

  /** What comes of a packet of that size that may not be cut. */
  private static EchoAnswer whole(Pod from, String to, int bytes) throws Exception {
    try (IcmpEchoes echoes = from.namespace.call(IcmpEchoes::open)) {
      return echoes.ask(Echo.whole(IpAddresses.parse(to), bytes, Duration.ofSeconds(5)));
    }
  }
}
