package org.k3sjvm.flannel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.k3sjvm.flannel.FlannelRig.Host;
import org.k3sjvm.flannel.FlannelRig.Pod;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.ObjectName;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.linux.testing.TestNamespace;

class FlannelIT {
  private static final String PREFIX = "flannel.alpha.coreos.com/";

  @TempDir private Path directory;

  private FlannelRig rig;

  @BeforeEach
  void layCables() throws Exception {
    rig = new FlannelRig(directory, "10.42.0.0/16");
  }

  @AfterEach
  void pullCables() throws Exception {
    rig.close();
  }

  @Test
  void carriesPingAndTcpBetweenPodsOfTwoHostsWithTheirOwnAddresses() throws Exception {
    Host one = rig.host("n1", 1, "10.42.1.0/24");
    Host two = rig.host("n2", 2, "10.42.2.0/24");
    Pod a = one.pod("pod-a");
    Pod b = two.pod("pod-b");

    FlannelRig.awaitPing(a.namespace, b.address());
    FlannelRig.awaitPing(b.namespace, a.address());

    assertThat(FlannelRig.clientSeenBy(b.namespace, a.namespace, b.address()))
        .isEqualTo(a.address());
    assertThat(FlannelRig.clientSeenBy(b.namespace, one.namespace, b.address()))
        .as("the host itself comes with its tunnel address")
        .isEqualTo("10.42.1.0");
    assertThat(FlannelRig.clientSeenBy(b.namespace, two.namespace, b.address()))
        .as("the host of the pod comes with the bridge's address")
        .isEqualTo("10.42.2.1");
  }

  @Test
  void givesPodsTheHostsAddressTowardsTheOutside() throws Exception {
    Host one = rig.host("n1", 1, "10.42.1.0/24");
    Pod a = one.pod("pod-a");
    TestNamespace outside = rig.namespace("out");
    rig.attach(outside, "192.168.77.50");

    FlannelRig.awaitPing(a.namespace, "192.168.77.50");

    assertThat(FlannelRig.clientSeenBy(outside, a.namespace, "192.168.77.50"))
        .isEqualTo("192.168.77.11");
  }

  @Test
  void setsExactlyTheEntriesThatFlannelWould() throws Exception {
    Host one = rig.host("n1", 1, "10.42.1.0/24");
    Host two = rig.host("n2", 2, "10.42.2.0/24");
    FlannelRig.await("the route to n2", () -> found(one, "10.42.2.0/24"));

    assertThat(one.namespace.exec("ip", "-d", "link", "show", "flannel.1"))
        .contains("mtu 1450")
        .contains("vxlan id 1 local 192.168.77.11 dev eth0 srcport 0 0 dstport 8472 nolearning");
    assertThat(one.namespace.exec("ip", "-4", "addr", "show", "flannel.1"))
        .contains("inet 10.42.1.0/32 scope global flannel.1");
    assertThat(one.namespace.exec("ip", "route"))
        .contains("10.42.2.0/24 via 10.42.2.0 dev flannel.1 onlink");
    assertThat(one.namespace.exec("ip", "neigh", "show", "dev", "flannel.1"))
        .contains("10.42.2.0 lladdr " + two.mac() + " PERMANENT");
    assertThat(one.namespace.exec("bridge", "fdb", "show", "dev", "flannel.1"))
        .contains(two.mac() + " dst 192.168.77.12 self permanent");
    assertThat(annotations("n1"))
        .containsEntry(PREFIX + "backend-data", "{\"VNI\":1,\"VtepMAC\":\"" + one.mac() + "\"}")
        .containsEntry(PREFIX + "public-ip", "192.168.77.11");
  }

  @Test
  void bringsTheInterfaceBackWithItsMacAndAllPeers() throws Exception {
    Host one = rig.host("n1", 1, "10.42.1.0/24");
    Host two = rig.host("n2", 2, "10.42.2.0/24");
    Pod a = one.pod("pod-a");
    Pod b = two.pod("pod-b");
    FlannelRig.awaitPing(a.namespace, b.address());
    String mac = one.mac();

    one.namespace.exec("ip", "link", "del", "flannel.1");
    FlannelRig.awaitPing(a.namespace, b.address());
    assertThat(one.mac()).isEqualTo(mac);

    one.namespace.exec("ip", "link", "set", "flannel.1", "down");
    FlannelRig.awaitPing(a.namespace, b.address());
    assertThat(one.mac()).isEqualTo(mac);
  }

  @Test
  void followsAPeerThatMovesToAnotherAddress() throws Exception {
    Host one = rig.host("n1", 1, "10.42.1.0/24");
    Host two = rig.host("n2", 2, "10.42.2.0/24");
    Pod a = one.pod("pod-a");
    Pod b = two.pod("pod-b");
    FlannelRig.awaitPing(a.namespace, b.address());

    two.namespace.exec("ip", "addr", "del", "192.168.77.12/24", "dev", "eth0");
    two.namespace.exec("ip", "addr", "add", "192.168.77.92/24", "dev", "eth0");
    FlannelRig.await(
        "the new address of n2",
        () ->
            Optional.ofNullable(annotations("n2").get(PREFIX + "public-ip"))
                .filter("192.168.77.92"::equals));

    FlannelRig.awaitPing(a.namespace, b.address());
    assertThat(one.namespace.exec("bridge", "fdb", "show", "dev", "flannel.1"))
        .contains("dst 192.168.77.92")
        .doesNotContain("dst 192.168.77.12");
  }

  @Test
  void replacesAForeignInterfaceOfItsName() throws Exception {
    Host one = rig.bareHost("n1", 1, "10.42.1.0/24");
    one.namespace.exec("ip", "link", "add", "flannel.1", "type", "bridge");
    one.start();
    Host two = rig.bareHost("n2", 2, "10.42.2.0/24");
    two.namespace.exec(
        "ip",
        "link",
        "add",
        "flannel.1",
        "type",
        "vxlan",
        "id",
        "2",
        "dstport",
        "8472",
        "dev",
        "eth0");
    two.start();

    Pod a = one.pod("pod-a");
    FlannelRig.awaitPing(a.namespace, two.pod("pod-b").address());
  }

  @Test
  void removesTheRulesThatUpstreamLeft() throws Exception {
    Host one = rig.bareHost("n1", 1, "10.42.1.0/24");
    one.namespace.exec("iptables", "-t", "nat", "-N", "FLANNEL-POSTRTG");
    one.namespace.exec(
        "iptables",
        "-t",
        "nat",
        "-A",
        "POSTROUTING",
        "-m",
        "comment",
        "--comment",
        "flanneld masq",
        "-j",
        "FLANNEL-POSTRTG");
    one.namespace.exec("nft", "add", "table", "ip", "flannel-ipv4");
    one.start();

    FlannelRig.await(
        "no rules of upstream's",
        () ->
            one.namespace
                    .exec("nft", "list", "ruleset")
                    .toLowerCase(Locale.ROOT)
                    .contains("flannel-postrtg")
                ? Optional.empty()
                : Optional.of("gone"));
    assertThat(one.namespace.exec("nft", "list", "tables"))
        .contains("table ip k3s-flannel")
        .doesNotContain("flannel-ipv4");
  }

  @Test
  void letsPodsThroughWhereIptablesDropsByDefault() throws Exception {
    Host one = rig.bareHost("n1", 1, "10.42.1.0/24");
    one.namespace.exec("iptables", "-P", "FORWARD", "DROP");
    one.start();
    Host two = rig.host("n2", 2, "10.42.2.0/24");

    Pod a = one.pod("pod-a");
    FlannelRig.awaitPing(a.namespace, two.pod("pod-b").address());
  }

  @Test
  void keepsMacAndTrafficOverARestartAndForgetsNodesThatWentMeanwhile() throws Exception {
    Host one = rig.host("n1", 1, "10.42.1.0/24");
    Host two = rig.host("n2", 2, "10.42.2.0/24");
    rig.api.create(
        Resources.NODES, Nodes.vxlan("n3", "10.42.3.0/24", "192.168.77.13", "02:33:33:33:33:33"));
    Pod a = one.pod("pod-a");
    Pod b = two.pod("pod-b");
    FlannelRig.await("the route to n3", () -> found(one, "10.42.3.0/24"));
    String mac = one.mac();

    one.stop();
    FlannelRig.awaitPing(a.namespace, b.address());
    rig.api.delete(Resources.NODES, ObjectName.ofCluster("n3"), DeleteRequest.DEFAULT);
    one.start();

    FlannelRig.awaitPing(a.namespace, b.address());
    assertThat(one.mac()).isEqualTo(mac);
    FlannelRig.await(
        "no route to n3",
        () -> found(one, "10.42.3.0/24").isPresent() ? Optional.empty() : Optional.of("gone"));
  }

  @Test
  void carriesBothFamiliesInDualStack() throws Exception {
    rig.close();
    rig = new FlannelRig(directory, "10.42.0.0/16", "2001:cafe:42::/56");
    Host one = rig.host("n1", 1, "10.42.1.0/24", "2001:cafe:42:1::/64");
    Host two = rig.host("n2", 2, "10.42.2.0/24", "2001:cafe:42:2::/64");
    Pod a = one.pod("pod-a");
    Pod b = two.pod("pod-b");

    for (String address : b.addresses) {
      FlannelRig.awaitPing(a.namespace, address);
    }
    assertThat(b.addresses).hasSize(2);
    assertThat(FlannelRig.clientSeenBy(b.namespace, a.namespace, b.addresses.getLast()))
        .isEqualTo(a.addresses.getLast());
  }

  private Map<String, String> annotations(String node) {
    return rig.api.get(Resources.NODES, ObjectName.ofCluster(node)).getMetadata().getAnnotations();
  }

  private static Optional<String> found(Host host, String route) throws InterruptedException {
    return Optional.of(host.namespace.exec("ip", "route")).filter(text -> text.contains(route));
  }
}
