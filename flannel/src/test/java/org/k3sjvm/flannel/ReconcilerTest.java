package org.k3sjvm.flannel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeConditionBuilder;
import io.fabric8.kubernetes.api.model.NodeStatusBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.flannel.FlannelConfig.CniForm;
import org.k3sjvm.flannel.backend.VxlanOptions;
import org.k3sjvm.flannel.backend.WireguardOptions;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.uplink.UplinkWishes;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.ReflectorEvent;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi;
import org.k3sjvm.linux.filter.TableName;
import org.k3sjvm.linux.net.InterfaceAddress;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.net.Route;
import org.k3sjvm.linux.net.VxlanSettings;
import org.k3sjvm.linux.testing.FakeCommands;
import org.k3sjvm.linux.testing.FakeNetwork;
import org.k3sjvm.linux.testing.FakePacketFilter;
import org.k3sjvm.linux.testing.FakeSysctls;
import org.k3sjvm.linux.testing.FakeWireGuard;
import org.k3sjvm.linux.wireguard.PublicKey;
import org.k3sjvm.linux.wireguard.SecretKey;
import org.k3sjvm.linux.wireguard.WireGuardDevice;
import org.k3sjvm.linux.wireguard.WireGuardPeer;

class ReconcilerTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final String OWN_MAC = "02:11:11:11:11:11";
  private static final PublicKey TWO =
      new PublicKey("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=");
  private static final PublicKey THREE = PublicKey.of(new byte[32]);
  private static final String PREFIX = "flannel.alpha.coreos.com/";

  @TempDir private Path directory;

  private final FakeNetwork network = new FakeNetwork();
  private final FakeWireGuard wireGuard = new FakeWireGuard(network);
  private final FakePacketFilter filter = new FakePacketFilter();
  private final FakeKubeApi api = new FakeKubeApi();
  private final NodeTable nodes = new NodeTable();
  private Optional<Path> conf = Optional.empty();
  private final int eth0 = network.addLink("eth0", "", 1500);

  @BeforeEach
  void prepareHost() throws IOException {
    network.addAddress(InterfaceAddress.of(eth0, ip("192.168.77.11"), 24));
    for (String plugin : List.of("bridge", "host-local", "loopback")) {
      Files.createFile(
          directory.resolve(plugin),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    }
    add(Nodes.vxlan("n1", "10.42.1.0/24", "192.168.77.11", OWN_MAC));
  }

  @Test
  void makesTheDeviceAndThePeersEntries() throws Exception {
    add(Nodes.vxlan("n2", "10.42.2.0/24", "192.168.77.12", "02:22:22:22:22:22"));
    synced();

    reconciler().step(NOW);

    assertThat(network.asCommands())
        .isEqualTo(
            """
            ip addr add 192.168.77.11/24 dev eth0
            ip link add flannel.1 address 02:11:11:11:11:11 mtu 1450 type vxlan id 1 dev eth0 \
            local 192.168.77.11 dstport 8472 nolearning
            ip addr add 10.42.1.0/32 dev flannel.1
            ip link set flannel.1 up
            ip neigh replace 10.42.2.0 lladdr 02:22:22:22:22:22 nud permanent dev flannel.1
            bridge fdb replace 02:22:22:22:22:22 dev flannel.1 dst 192.168.77.12 self permanent
            ip route replace 10.42.2.0/24 via 10.42.2.0 dev flannel.1 onlink
            """);
    assertThat(filter.asText()).contains("ip saddr 10.42.1.0/24 ip daddr 10.42.0.0/16 return");
    assertThat(directory.resolve("run/subnet.env")).content().contains("FLANNEL_MTU=1450");
    assertThat(directory.resolve("net.d/10-flannel.conflist")).content().contains("cni0");
  }

  @Test
  void followsAPeerThatGotAnotherMacAddressAndSubnet() throws Exception {
    add(Nodes.vxlan("n2", "10.42.2.0/24", "192.168.77.12", "02:22:22:22:22:22"));
    synced();
    Reconciler reconciler = reconciler();
    reconciler.step(NOW);

    nodes.put(Nodes.vxlan("n2", "10.42.3.0/24", "192.168.77.13", "02:33:33:33:33:33"));
    reconciler.step(NOW);

    assertThat(network.asCommands().lines().filter(line -> !line.startsWith("ip addr")).skip(2))
        .containsExactly(
            "ip neigh replace 10.42.3.0 lladdr 02:33:33:33:33:33 nud permanent dev flannel.1",
            "bridge fdb replace 02:33:33:33:33:33 dev flannel.1 dst 192.168.77.13 self permanent",
            "ip route replace 10.42.3.0/24 via 10.42.3.0 dev flannel.1 onlink");
  }

  @Test
  void removesWhatAnEarlierRunLeftOnceAllNodesAreKnown() throws Exception {
    add(Nodes.vxlan("n2", "10.42.2.0/24", "192.168.77.12", "02:22:22:22:22:22"));
    synced();
    reconciler().step(NOW);
    NodeTable later = new NodeTable();
    later.put(api.get(Resources.NODES, ObjectName.ofCluster("n1")));
    Reconciler restarted = reconciler(later, BackendType.VXLAN, "10.42.0.0/16");

    restarted.step(NOW);
    assertThat(network.asCommands()).contains("10.42.2.0/24");

    later.on(new ReflectorEvent.Synced<>());
    restarted.step(NOW);
    assertThat(network.asCommands()).doesNotContain("10.42.2.0");
  }

  @Test
  void meetsRememberedPeersUntilAServerSaysWhichThereAre() throws Exception {
    add(Nodes.vxlan("n2", "10.42.2.0/24", "192.168.77.12", "02:22:22:22:22:22"));
    synced();
    reconciler().step(NOW);
    Node stays = Nodes.vxlan("n3", "10.42.3.0/24", "192.168.77.13", "02:33:33:33:33:33");
    Node leaves = Nodes.vxlan("n4", "10.42.4.0/24", "192.168.77.14", "02:44:44:44:44:44");
    NodeTable later = new NodeTable();
    later.put(api.get(Resources.NODES, ObjectName.ofCluster("n1")));
    later.recall(List.of(stays, leaves));
    Reconciler restarted = reconciler(later, BackendType.VXLAN, "10.42.0.0/16");

    restarted.step(NOW);
    assertThat(network.asCommands())
        .contains("10.42.2.0/24")
        .contains("10.42.3.0/24")
        .contains("10.42.4.0/24");

    later.on(new ReflectorEvent.Added<>(stays));
    later.on(new ReflectorEvent.Synced<>());
    restarted.step(NOW);
    assertThat(network.asCommands())
        .doesNotContain("10.42.2.0")
        .contains("10.42.3.0/24")
        .doesNotContain("10.42.4.0")
        .doesNotContain("192.168.77.14");
  }

  @Test
  void leavesRoutesAloneThatAreNoneOfOurs() throws Exception {
    int bridge = network.addLink("cni0", "bridge", 1450);
    Route pods = new Route(Cidr.parse("10.42.1.0/24"), Optional.empty(), bridge, false);
    Route elsewhere =
        new Route(Cidr.parse("10.50.0.0/24"), Optional.of(ip("192.168.77.1")), eth0, false);
    network.replaceRoute(pods);
    network.replaceRoute(elsewhere);
    synced();

    reconciler().step(NOW);

    assertThat(network.routes(false)).contains(pods, elsewhere);
  }

  @Test
  void announcesTheMacOfADeviceThatItKeeps() throws Exception {
    network.createVxlan(
        "flannel.1",
        MacAddress.parse("02:99:99:99:99:99"),
        1400,
        new VxlanSettings(
            1, eth0, Optional.of(ip("192.168.77.11")), Optional.empty(), 0, true, false));

    reconciler().step(NOW);

    assertThat(annotations().get(PREFIX + "backend-data"))
        .isEqualTo("{\"VNI\":1,\"VtepMAC\":\"02:99:99:99:99:99\"}");
    assertThat(network.asCommands()).contains("mtu 1450").contains("nolearning");
  }

  @Test
  void replacesAForeignInterfaceOfItsName() throws Exception {
    network.addLink("flannel.1", "dummy", 1500);

    reconciler().step(NOW);

    assertThat(network.link("flannel.1").orElseThrow().kind()).isEqualTo("vxlan");
    assertThat(annotations().get(PREFIX + "backend-data")).contains(OWN_MAC);
  }

  @Test
  void restoresTheDeviceWithItsMacAndAllPeers() throws Exception {
    add(Nodes.vxlan("n2", "10.42.2.0/24", "192.168.77.12", "02:22:22:22:22:22"));
    synced();
    Reconciler reconciler = reconciler();
    reconciler.step(NOW);
    String before = network.asCommands();

    network.deleteLink(network.link("flannel.1").orElseThrow().index());
    reconciler.step(NOW);
    assertThat(network.asCommands()).isEqualTo(before);

    network.setDown(network.link("flannel.1").orElseThrow().index());
    reconciler.step(NOW);
    assertThat(network.asCommands()).isEqualTo(before);
  }

  @Test
  void movesTheDeviceAndSaysSoWhenTheInterfaceGetsAnotherAddress() throws Exception {
    Reconciler reconciler = reconciler();
    reconciler.step(NOW);

    network.removeAddress(InterfaceAddress.of(eth0, ip("192.168.77.11"), 24));
    network.addAddress(InterfaceAddress.of(eth0, ip("192.168.77.99"), 24));
    reconciler.step(NOW);

    assertThat(network.asCommands()).contains("local 192.168.77.99").contains(OWN_MAC);
    assertThat(annotations()).containsEntry(PREFIX + "public-ip", "192.168.77.99");
  }

  @Test
  void takesTheInterfaceThatPeersKnowUntilItHearsTheServersAddresses() throws Exception {
    int eth1 = network.addLink("eth1", "", 9000);
    network.addAddress(InterfaceAddress.of(eth1, ip("10.8.0.2"), 24));
    network.replaceRoute(
        new Route(Cidr.parse("0.0.0.0/0"), Optional.of(ip("10.8.0.1")), eth1, false));
    Reconciler reconciler = reconciler(nodes, BackendType.VXLAN, "10.42.0.0/16", UplinkWishes.NONE);

    reconciler.step(NOW);
    assertThat(network.asCommands()).contains("id 1 dev eth0 local 192.168.77.11");

    reconciler.reconsider(List.of(ip("10.8.0.1")));
    reconciler.step(NOW);
    assertThat(network.asCommands()).contains("id 1 dev eth1 local 10.8.0.2").contains("mtu 8950");
    assertThat(annotations()).containsEntry(PREFIX + "public-ip", "10.8.0.2");

    reconciler.reconsider(List.of(ip("192.168.77.1")));
    reconciler.step(NOW);
    assertThat(network.asCommands()).contains("id 1 dev eth0 local 192.168.77.11");
  }

  @Test
  void mendsTheKernelWhileTheApiServerIsAway() throws Exception {
    synced();
    Reconciler reconciler = reconciler();
    reconciler.step(NOW);
    network.deleteLink(network.link("flannel.1").orElseThrow().index());
    network.removeAddress(InterfaceAddress.of(eth0, ip("192.168.77.11"), 24));
    network.addAddress(InterfaceAddress.of(eth0, ip("192.168.77.99"), 24));
    nodes.put(Nodes.vxlan("n2", "10.42.2.0/24", "192.168.77.12", "02:22:22:22:22:22"));
    api.failNext(
        FakeKubeApi.Verb.PATCH_STATUS, new KubeException.Unavailable("patch node", "away", null));

    reconciler.step(NOW);

    assertThat(reconciler.isAnnounced()).isFalse();
    assertThat(network.asCommands()).contains("10.42.2.0/24 via 10.42.2.0 dev flannel.1");
    reconciler.step(NOW);
    assertThat(reconciler.isAnnounced()).isTrue();
  }

  @Test
  void patchesNothingWhenTheNodeSaysItAlready() throws Exception {
    reconciler().step(NOW);
    reconciler().step(NOW);

    assertThat(api.count(FakeKubeApi.Verb.PATCH_STATUS, "nodes/n1")).isZero();
  }

  @Test
  void clearsAConditionThatAnotherNetworkLeft() throws Exception {
    Node node = Nodes.vxlan("n1", "10.42.1.0/24", "192.168.77.11", OWN_MAC);
    node.setStatus(
        new NodeStatusBuilder()
            .withConditions(
                new NodeConditionBuilder()
                    .withType("NetworkUnavailable")
                    .withStatus("True")
                    .build())
            .build());
    nodes.put(node);

    reconciler().step(NOW);

    assertThat(api.get(Resources.NODES, ObjectName.ofCluster("n1")).getStatus().getConditions())
        .singleElement()
        .satisfies(
            condition -> {
              assertThat(condition.getStatus()).isEqualTo("False");
              assertThat(condition.getReason()).isEqualTo("FlannelIsUp");
            });
  }

  @Test
  void routesDirectlyWithHostGateways() throws Exception {
    Node peer = Nodes.vxlan("n2", "10.42.2.0/24", "192.168.77.12", "02:22:22:22:22:22");
    peer.getMetadata().getAnnotations().put(PREFIX + "backend-type", "host-gw");
    peer.getMetadata().getAnnotations().put(PREFIX + "backend-data", "null");
    add(peer);
    synced();
    reconciler().step(NOW);

    reconciler(nodes, BackendType.HOST_GW, "10.42.0.0/16").step(NOW);

    assertThat(network.asCommands())
        .isEqualTo(
            """
            ip addr add 192.168.77.11/24 dev eth0
            ip route replace 10.42.2.0/24 via 192.168.77.12 dev eth0
            """);
    assertThat(annotations()).containsEntry(PREFIX + "backend-data", "null");
    assertThat(directory.resolve("run/subnet.env")).content().contains("FLANNEL_MTU=1500");
  }

  @Test
  void refusesAPodCidrOutsideTheClustersNetwork() {
    assertThatThrownBy(() -> reconciler(nodes, BackendType.VXLAN, "10.99.0.0/16").step(NOW))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("10.42.1.0/24 of node n1 is not in the cluster's 10.99.0.0/16");
  }

  @Test
  void namesTheFileWhoseNetworksAreNotTheClusters() {
    conf = Optional.of(Path.of("/etc/flannel.json"));

    assertThatThrownBy(() -> reconciler(nodes, BackendType.VXLAN, "10.99.0.0/16").step(NOW))
        .hasMessage(
            "pod CIDR 10.42.1.0/24 of node n1 is not in 10.99.0.0/16 of /etc/flannel.json"
                + " (--flannel-conf): write there what the servers have as --cluster-cidr, and"
                + " start the agent again");
    assertThatThrownBy(() -> reconciler(nodes, BackendType.VXLAN, "fd42::/56").step(NOW))
        .hasMessageStartingWith(
            "node n1 has no IPV6 pod CIDR, but fd42:0:0:0:0:0:0:0/56 of /etc/flannel.json");
  }

  @Test
  void takesAwayAListOfOtherSubnetsBeforeItHasTheRightOne() throws Exception {
    Path list = Files.createDirectory(directory.resolve("net.d")).resolve("10-flannel.conflist");
    Files.writeString(list, "{\"name\":\"cbr0\"}");
    api.failNext(FakeKubeApi.Verb.PATCH_STATUS, new KubeException.Forbidden("patch node", "no"));
    nodes.put(Nodes.bare("n1", "10.42.1.0/24"));
    Reconciler reconciler = reconciler();

    assertThatThrownBy(() -> reconciler.step(NOW)).isInstanceOf(KubeException.class);
    assertThat(list).doesNotExist();
    reconciler.step(NOW);
    assertThat(list).exists();
  }

  @Test
  void putsBackRulesThatSomebodyChanged() throws Exception {
    Reconciler reconciler = reconciler();
    reconciler.step(NOW);
    String before = filter.asText();
    filter.delete(new TableName("ip", "k3s-flannel"));

    reconciler.step(NOW.plusSeconds(61));

    assertThat(filter.asText()).isEqualTo(before);
  }

  private void add(Node node) {
    nodes.put(api.create(Resources.NODES, node));
  }

  private void synced() {
    nodes.on(new ReflectorEvent.Synced<>());
  }

  @Test
  void makesAWireguardInterfaceAndTellsItsKey() throws Exception {
    add(Nodes.wireguard("n2", "10.42.2.0/24", "192.168.77.12", TWO));
    network.replaceRoute(
        new Route(Cidr.parse("10.42.2.0/24"), Optional.of(ip("192.168.77.12")), eth0, false));
    synced();

    reconciler(nodes, BackendType.WIREGUARD, "10.42.0.0/16").step(NOW);

    assertThat(network.asCommands())
        .isEqualTo(
            """
            ip addr add 192.168.77.11/24 dev eth0
            ip link add flannel-wg mtu 1420 type wireguard
            ip addr add 10.42.1.0/32 dev flannel-wg
            ip link set flannel-wg up
            ip route replace 10.42.0.0/16 dev flannel-wg
            """);
    SecretKey key = new SecretKey(new Secret(Files.readString(directory.resolve("run/wgkey"))));
    assertThat(annotations())
        .containsEntry(PREFIX + "backend-type", "wireguard")
        .containsEntry(
            PREFIX + "backend-data", "{\"PublicKey\":\"" + key.publicKey() + "\",\"Port\":51820}");
    WireGuardDevice device = wireGuard.device(wireguardLink());
    assertThat(device.privateKey()).hasValue(key);
    assertThat(device.listenPort()).isEqualTo(51820);
    assertThat(device.peers())
        .extracting(WireGuardDevice.PeerState::settings)
        .containsExactly(
            new WireGuardPeer(
                TWO,
                Optional.empty(),
                Optional.of(new InetSocketAddress(ip("192.168.77.12"), 51820)),
                25,
                Set.of(Cidr.parse("10.42.2.0/24"))));
    assertThat(directory.resolve("run/subnet.env")).content().contains("FLANNEL_MTU=1420");
  }

  @Test
  void adoptsAWireguardInterfaceWithoutTouchingIt() throws Exception {
    add(Nodes.wireguard("n2", "10.42.2.0/24", "192.168.77.12", TWO));
    synced();
    reconciler(nodes, BackendType.WIREGUARD, "10.42.0.0/16").step(NOW);
    wireGuard.heardFrom(wireguardLink(), TWO, new InetSocketAddress(ip("203.0.113.7"), 4711), NOW);
    String commands = network.asCommands();
    WireGuardDevice device = wireGuard.device(wireguardLink());
    int changes = wireGuard.changes();

    reconciler(nodes, BackendType.WIREGUARD, "10.42.0.0/16").step(NOW.plusSeconds(60));

    assertThat(wireGuard.changes()).isEqualTo(changes);
    assertThat(wireGuard.device(wireguardLink())).isEqualTo(device);
    assertThat(network.asCommands()).isEqualTo(commands);
  }

  @Test
  void removesAnEarlierKeyOfAPeerOnceAllNodesAreKnown() throws Exception {
    add(Nodes.wireguard("n2", "10.42.2.0/24", "192.168.77.12", TWO));
    synced();
    Reconciler reconciler = reconciler(nodes, BackendType.WIREGUARD, "10.42.0.0/16");
    reconciler.step(NOW);

    nodes.put(Nodes.wireguard("n2", "10.42.2.0/24", "192.168.77.13", THREE));
    reconciler.step(NOW);

    assertThat(wireGuard.device(wireguardLink()).peers())
        .extracting(state -> state.settings().key(), state -> state.settings().endpoint())
        .containsExactly(
            tuple(THREE, Optional.of(new InetSocketAddress(ip("192.168.77.13"), 51820))));
  }

  @Test
  void leavesNothingOfWireguardToAnotherBackend() throws Exception {
    synced();
    reconciler(nodes, BackendType.WIREGUARD, "10.42.0.0/16").step(NOW);

    reconciler(nodes, BackendType.HOST_GW, "10.42.0.0/16").step(NOW);

    assertThat(network.asCommands()).isEqualTo("ip addr add 192.168.77.11/24 dev eth0\n");
  }

  private int wireguardLink() {
    return network.link("flannel-wg").orElseThrow().index();
  }

  private Map<String, String> annotations() {
    return api.get(Resources.NODES, ObjectName.ofCluster("n1")).getMetadata().getAnnotations();
  }

  private Reconciler reconciler() {
    return reconciler(nodes, BackendType.VXLAN, "10.42.0.0/16");
  }

  private Reconciler reconciler(NodeTable table, BackendType backend, String clusterCidr) {
    return reconciler(table, backend, clusterCidr, UplinkWishes.NONE.named("eth0"));
  }

  private Reconciler reconciler(
      NodeTable table, BackendType backend, String clusterCidr, UplinkWishes wishes) {
    FlannelConfig config =
        new FlannelConfig(
            "n1",
            Optional.of(backend),
            List.of(Cidr.parse(clusterCidr)),
            conf,
            wishes,
            VxlanOptions.DEFAULT,
            WireguardOptions.DEFAULT,
            directory.resolve("run/wgkey"),
            Map.of(),
            false,
            CniForm.EXPANDED,
            Optional.empty(),
            directory.resolve("run/subnet.env"),
            directory.resolve("net.d"),
            List.of(directory));
    FlannelHost host =
        new FlannelHost(
            network,
            filter,
            new FakeSysctls(),
            new FakeCommands(),
            () -> wireGuard,
            Optional.empty());
    return new Reconciler(
        config,
        backend,
        host,
        table,
        new OwnNode(api, "n1", InstantSource.fixed(NOW)),
        backend == BackendType.WIREGUARD ? Optional.of(wireGuard) : Optional.empty(),
        new Random(1));
  }

  private static InetAddress ip(String text) {
    return IpAddresses.parse(text);
  }
}
