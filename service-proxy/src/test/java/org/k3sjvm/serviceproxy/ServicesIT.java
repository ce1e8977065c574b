package org.k3sjvm.serviceproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.k3sjvm.serviceproxy.Objects.service;
import static org.k3sjvm.serviceproxy.Objects.slice;
import static org.k3sjvm.serviceproxy.ServiceRig.PATIENCE;
import static org.k3sjvm.serviceproxy.ServiceRig.PORT;
import static org.k3sjvm.serviceproxy.ServiceRig.ask;
import static org.k3sjvm.serviceproxy.ServiceRig.askMany;
import static org.k3sjvm.serviceproxy.ServiceRig.say;

import java.net.DatagramSocket;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.linux.testing.SctpProbe;
import org.k3sjvm.serviceproxy.model.Family;
import org.k3sjvm.serviceproxy.model.ServiceFacts;

/** Real packets through real rules: pods, a node and its neighbour as network namespaces. */
class ServicesIT {
  private static final String VIP = "10.43.0.10";
  private static final String POD1 = "10.42.1.2";
  private static final String POD2 = "10.42.1.3";
  private static final String NODE = "192.168.77.11";
  private static final String LAN = "192.168.77.1";
  private static final String ELSEWHERE = "10.42.9.9@n2";
  private static final String BALANCED = "192.168.99.5";

  private ServiceRig rig;

  @BeforeEach
  void open() throws Exception {
    rig = new ServiceRig();
  }

  @AfterEach
  void close() throws Exception {
    rig.close();
  }

  @ParameterizedTest
  @CsvSource({
    "10.43.0.10, 10.42.1.2, 10.42.1.3, 10.42.1.4",
    "fd43::10, fd42:0:0:1::2, fd42:0:0:1::3, fd42:0:0:1::4"
  })
  void spreadsClientsInPodsOverTheEndpointsOfAClusterIp(
      String vip, String pod1, String pod2, String client) throws Exception {
    rig.program(service("web", vip, ""), slice("web", pod1, pod2));

    Map<String, Integer> answers = askMany(rig.pod("pod3"), vip, 80, 100);

    assertThat(answers).containsOnlyKeys("pod1 saw " + client, "pod2 saw " + client);
    assertThat(answers.values()).allMatch(count -> count > 25);
  }

  @Test
  void answersUdpAtAClusterIp() throws Exception {
    rig.program(service("dns", VIP, ""), slice("dns", POD1));

    assertThat(say(rig.udpClient(rig.pod("pod3"), VIP, 80))).isEqualTo("pod1 saw 10.42.1.4");
  }

  @ParameterizedTest
  @CsvSource({
    "10.43.0.10, 10.42.1.2, 192.168.77.11, false",
    "fd43::10, fd42:0:0:1::2, fd77::11, true"
  })
  void leadsSctpToAnEndpoint(String vip, String pod, String node, boolean ipv6) throws Exception {
    rig.program(sctp(service("signal", vip, "nodePort=30080")), sctp(slice("signal", pod)));

    try (SctpProbe probe = SctpProbe.open(rig.pod("pod1"), ipv6)) {
      assertThat(probe.comesFrom(rig.pod("pod3"), vip, 80, PATIENCE)).hasValue(PORT);
      assertThat(probe.comesFrom(rig.node, vip, 80, PATIENCE)).hasValue(PORT);
      assertThat(probe.comesFrom(rig.lan, node, 30_080, PATIENCE)).hasValue(PORT);
      assertThat(probe.comesFrom(rig.pod("pod3"), vip, 81, PATIENCE)).isEmpty();
    }
  }

  private static String sctp(String object) {
    return object.replace("\"UDP\"", "\"SCTP\"");
  }

  @ParameterizedTest
  @CsvSource({"10.43.0.10, 10.42.1.2, 10.42.1.1", "fd43::10, fd42:0:0:1::2, fd42:0:0:1::1"})
  void answersTheNodeAtAClusterIp(String vip, String pod, String seen) throws Exception {
    rig.program(service("web", vip, ""), slice("web", pod));

    assertThat(ask(rig.node, vip, 80)).isEqualTo("pod1 saw " + seen);
  }

  @Test
  void cannotBeReachedByANodeWithoutADefaultRoute() throws Exception {
    rig.program(service("web", VIP, ""), slice("web", POD1));
    rig.node.exec("ip", "route", "del", "default");

    assertThat(ask(rig.node, VIP, 80)).isEqualTo("unreachable");
    assertThat(ask(rig.pod("pod3"), VIP, 80)).isEqualTo("pod1 saw 10.42.1.4");
  }

  @ParameterizedTest
  @CsvSource({"10.43.0.10, 10.42.1.2, 10.42.1.1", "fd43::10, fd42:0:0:1::2, fd42:0:0:1::1"})
  void letsAPodReachItselfThroughItsService(String vip, String pod, String seen) throws Exception {
    rig.program(service("web", vip, ""), slice("web", pod));

    assertThat(ask(rig.pod("pod1"), vip, 80)).isEqualTo("pod1 saw " + seen);
  }

  @Test
  void missesHalfOfItsNeighboursWhenTheBridgeIsNotFiltered() throws Exception {
    rig.bridgeIsFiltered(false);
    rig.program(service("web", VIP, ""), slice("web", POD1));

    assertThat(ask(rig.pod("pod3"), VIP, 80)).isEqualTo("timeout");
  }

  @ParameterizedTest
  @CsvSource({
    "10.43.0.10, 10.42.1.2, 192.168.77.11, 10.42.1.1",
    "fd43::10, fd42:0:0:1::2, fd77::11, fd42:0:0:1::1"
  })
  void answersOthersAtANodePortInTheNodesName(String vip, String pod, String node, String seen)
      throws Exception {
    rig.program(service("web", vip, "nodePort=30080"), slice("web", pod));

    assertThat(ask(rig.lan, node, 30_080)).isEqualTo("pod1 saw " + seen);
    assertThat(ask(rig.node, node, 30_080)).isEqualTo("pod1 saw " + seen);
  }

  @Test
  void answersAtNoLoopbackNodePortUnlessAsked() throws Exception {
    rig.program(service("web", VIP, "nodePort=30080"), slice("web", POD1));
    assertThat(ask(rig.node, "127.0.0.1", 30_080)).isEqualTo("refused");

    rig.rules = rig.rules.withLoopbackNodePorts();
    ServiceRig.sysctl(rig.node, "net/ipv4/conf/all/route_localnet", "1");
    rig.restart();
    assertThat(ask(rig.node, "127.0.0.1", 30_080)).isEqualTo("pod1 saw 10.42.1.1");
    assertThat(ask(rig.lan, NODE, 30_080)).isEqualTo("pod1 saw 10.42.1.1");
  }

  @Test
  void keepsTheClientsAddressWithTheExternalPolicyLocal() throws Exception {
    rig.program(
        service("web", VIP, "nodePort=30080;\"externalTrafficPolicy\": \"Local\""),
        slice("web", POD1, ELSEWHERE));

    assertThat(askMany(rig.lan, NODE, 30_080, 10)).containsOnlyKeys("pod1 saw " + LAN);
  }

  @Test
  void ignoresClientsOutsideWhenNoEndpointIsLocalButServesThoseInside() throws Exception {
    rig.program(
        service("web", VIP, "nodePort=30080;\"externalTrafficPolicy\": \"Local\""),
        slice("web", POD1 + "@n2"));

    assertThat(ask(rig.lan, NODE, 30_080)).isEqualTo("timeout");
    assertThat(ask(rig.pod("pod3"), NODE, 30_080)).isEqualTo("pod1 saw 10.42.1.4");
    assertThat(ask(rig.node, NODE, 30_080)).isEqualTo("pod1 saw 10.42.1.1");
  }

  @Test
  void servesClientsInsideWithLocalEndpointsAloneWhenToldSo() throws Exception {
    rig.program(
        service("web", VIP, "\"internalTrafficPolicy\": \"Local\""), slice("web", POD1, ELSEWHERE));
    assertThat(askMany(rig.pod("pod3"), VIP, 80, 10)).containsOnlyKeys("pod1 saw 10.42.1.4");

    rig.program(slice("web", ELSEWHERE));
    assertThat(ask(rig.pod("pod3"), VIP, 80)).isEqualTo("timeout");
  }

  @Test
  void refusesWithoutEndpointsAndAtOtherPortsAndIgnoresUnusedAddresses() throws Exception {
    rig.program(
        service("web", VIP, "nodePort=30080"), service("empty", "10.43.0.11", "nodePort=30081"));
    rig.program(slice("web", POD1));

    assertThat(ask(rig.pod("pod3"), "10.43.0.11", 80)).isEqualTo("refused");
    assertThat(ask(rig.node, "10.43.0.11", 80)).isEqualTo("refused");
    assertThat(ask(rig.lan, NODE, 30_081)).isEqualTo("refused");
    assertThat(ask(rig.pod("pod3"), VIP, 81)).isEqualTo("refused");
    assertThat(ask(rig.node, VIP, 81)).isEqualTo("refused");
    assertThat(ask(rig.pod("pod3"), "10.43.7.7", 80)).isEqualTo("timeout");
    assertThat(say(rig.udpClient(rig.pod("pod3"), "10.43.0.11", 80))).isEqualTo("refused");
  }

  @Test
  void prefersReadyEndpointsAndFallsBackToThoseThatEnd() throws Exception {
    rig.program(service("web", VIP, ""), slice("web", POD1 + "~", POD2));
    assertThat(askMany(rig.pod("pod3"), VIP, 80, 10)).containsOnlyKeys("pod2 saw 10.42.1.4");

    rig.program(slice("web", POD1 + "~", POD2 + "!"));
    assertThat(askMany(rig.pod("pod3"), VIP, 80, 10)).containsOnlyKeys("pod1 saw 10.42.1.4");
  }

  @Test
  void sendsAUdpClientThatKeepsItsPortToTheNewEndpoint() throws Exception {
    rig.program(service("dns", VIP, ""), slice("dns", POD1));
    DatagramSocket client = rig.udpClient(rig.pod("pod3"), VIP, 80);
    assertThat(say(client)).isEqualTo("pod1 saw 10.42.1.4");

    rig.program(slice("dns", POD2));

    assertThat(say(client)).isEqualTo("pod2 saw 10.42.1.4");
  }

  @Test
  void serveAUdpClientThatAskedBeforeThereWereRules() throws Exception {
    DatagramSocket client = rig.udpClient(rig.pod("pod3"), VIP, 80);
    assertThat(say(client)).isEqualTo("timeout");

    rig.program(service("dns", VIP, ""), slice("dns", POD1));

    assertThat(say(client)).isEqualTo("pod1 saw 10.42.1.4");
  }

  @Test
  void keepsAClientWithItsEndpointUntilItWasIdleForLong() throws Exception {
    rig.program(
        service(
            "web",
            VIP,
            "\"sessionAffinity\": \"ClientIP\", \"sessionAffinityConfig\":"
                + " {\"clientIP\": {\"timeoutSeconds\": 2}}"),
        slice("web", POD1, POD2));

    Map<String, Integer> first = askMany(rig.pod("pod3"), VIP, 80, 12);
    assertThat(first).hasSize(1);
    rig.restart();
    assertThat(askMany(rig.pod("pod3"), VIP, 80, 12)).containsOnlyKeys(first.keySet());

    assertThat(rig.remembersClientsFor(Duration.ofSeconds(5))).isFalse();
    rig.program(slice("web", POD1));
    assertThat(askMany(rig.pod("pod3"), VIP, 80, 4)).containsOnlyKeys("pod1 saw 10.42.1.4");
    rig.remove("web");
    assertThat(rig.rules(Family.IPV4)).doesNotContain("affinity-");
  }

  @Test
  void losesNoConnectionWhileEndpointsComeAndGo() throws Exception {
    rig.program(service("web", VIP, ""), slice("web", POD1));
    CompletableFuture<Map<String, Integer>> load = new CompletableFuture<>();
    Thread.ofPlatform()
        .start(
            () -> {
              try {
                load.complete(askMany(rig.pod("pod3"), VIP, 80, 600));
              } catch (Exception e) {
                load.completeExceptionally(e);
              }
            });

    for (int i = 0; i < 80; i++) {
      rig.program(i % 2 == 0 ? slice("web", POD1, POD2) : slice("web", POD1));
    }

    assertThat(load.get()).doesNotContainKeys("refused", "timeout");
  }

  @ParameterizedTest
  @CsvSource({
    "10.43.0.10, 10.42.1.2, 192.168.99.5, 192.168.77.1/32, 192.168.77.200/29",
    "fd43::10, fd42:0:0:1::2, fd99::5, fd77::1/128, fd77:1::/64"
  })
  void letsOnlySourcesOfItsRangesReachABalancersAddress(
      String vip, String pod, String balanced, String allowed, String others) throws Exception {
    boolean ipv6 = vip.contains(":");
    rig.lan.exec("ip", "route", "add", balanced, "via", ipv6 ? "fd77::11" : NODE);
    String spec = "\"type\": \"LoadBalancer\", \"loadBalancerSourceRanges\": [\"%s\"]";
    String status = "|{\"loadBalancer\": {\"ingress\": [{\"ip\": \"" + balanced + "\"}]}}";
    rig.program(service("web", vip, spec.formatted(allowed) + status), slice("web", pod));
    assertThat(ask(rig.lan, balanced, 80)).startsWith("pod1 saw ");

    rig.program(service("web", vip, spec.formatted(others) + status));
    assertThat(ask(rig.lan, balanced, 80)).isEqualTo("timeout");
  }

  @Test
  void leavesAddressesToABalancerThatProxies() throws Exception {
    rig.lan.exec("ip", "route", "add", BALANCED, "via", NODE);
    rig.program(
        service(
            "web",
            VIP,
            "\"type\": \"LoadBalancer\"|{\"loadBalancer\": {\"ingress\":"
                + " [{\"ip\": \"192.168.99.5\", \"ipMode\": \"Proxy\"}]}}"),
        slice("web", POD1));

    assertThat(ask(rig.lan, BALANCED, 80)).isNotEqualTo("pod1 saw 10.42.1.1");
  }

  @Test
  void answersAtExternalIpsAndLetsTheFirstNameWinAClash() throws Exception {
    rig.lan.exec("ip", "route", "add", BALANCED, "via", NODE);
    String more = "\"externalIPs\": [\"192.168.99.5\"]";
    rig.program(
        service("b", VIP, more),
        slice("b", POD2),
        service("a", "10.43.0.11", more),
        slice("a", POD1));
    assertThat(askMany(rig.lan, BALANCED, 80, 6)).containsOnlyKeys("pod1 saw 10.42.1.1");

    rig.remove("a");
    assertThat(askMany(rig.lan, BALANCED, 80, 6)).containsOnlyKeys("pod2 saw 10.42.1.1");
  }

  @Test
  void healsWhatOthersDidToItsTableAndTouchesNoOther() throws Exception {
    rig.node.exec("nft", "add", "table", "inet", "foreign");
    rig.program(service("web", VIP, ""), slice("web", POD1));
    assertThat(rig.syncer.look()).isFalse();

    for (String damage :
        new String[] {
          "flush table ip kube-proxy",
          "delete table ip kube-proxy",
          "flush map ip kube-proxy service-ips",
          "flush chain ip kube-proxy services"
        }) {
      rig.node.exec("nft", damage);
      assertThat(ask(rig.pod("pod3"), VIP, 80)).doesNotContain("pod1");
      assertThat(rig.syncer.look()).as(damage).isTrue();
      rig.step();
      assertThat(ask(rig.pod("pod3"), VIP, 80)).as(damage).isEqualTo("pod1 saw 10.42.1.4");
      assertThat(rig.syncer.look()).isFalse();
    }
    assertThat(rig.node.exec("nft", "list", "tables")).contains("inet foreign");
  }

  @Test
  void goesOnAfterARestartWithoutEmptyingAnything() throws Exception {
    rig.program(service("web", VIP, ""), slice("web", POD1));
    rig.program(service("old", "10.43.0.12", ""), slice("old", POD1));
    int before = rig.host.elements().generation();

    rig.forget("old");
    rig.restart();

    assertThat(rig.host.elements().generation()).isLessThanOrEqualTo(before + 2);
    assertThat(ask(rig.pod("pod3"), VIP, 80)).isEqualTo("pod1 saw 10.42.1.4");
    assertThat(rig.rules(Family.IPV4)).doesNotContain("10.43.0.12");
  }

  @Test
  void servesWhatItRemembersWhereTheKernelHasNothingAndLosesNoClientWhenTheApiReturns()
      throws Exception {
    rig.program(
        service("web", VIP, ""),
        slice("web", POD1),
        service("gone", "10.43.0.12", ""),
        slice("gone", POD1));
    ServiceFacts remembered = rig.table.told().orElseThrow();
    rig.node.exec("nft", "delete table ip kube-proxy");
    assertThat(ask(rig.pod("pod3"), VIP, 80)).doesNotContain("pod1");

    rig.startAlone(remembered);
    assertThat(ask(rig.pod("pod3"), VIP, 80)).isEqualTo("pod1 saw 10.42.1.4");
    assertThat(ask(rig.pod("pod3"), "10.43.0.12", 80)).isEqualTo("pod1 saw 10.42.1.4");

    CompletableFuture<Map<String, Integer>> clients =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return askMany(rig.pod("pod3"), VIP, 80, 500);
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    rig.put(service("web", VIP, ""), slice("web", POD1));
    rig.put(service("new", "10.43.0.13", ""), slice("new", POD2));
    rig.syncer.distrust();
    rig.step();

    assertThat(clients.get()).containsOnlyKeys("pod1 saw 10.42.1.4");
    assertThat(ask(rig.pod("pod3"), "10.43.0.13", 80)).isEqualTo("pod2 saw 10.42.1.4");
    assertThat(rig.rules(Family.IPV4)).doesNotContain("10.43.0.12");
  }

  @Test
  void leavesTheTableOfAFormerProxyToItselfWhileItMerelyRemembers() throws Exception {
    rig.program(service("web", VIP, ""), slice("web", POD1));
    ServiceFacts remembered = rig.table.told().orElseThrow();
    rig.program(slice("web", POD2));
    int before = rig.host.elements().generation();

    rig.startAlone(remembered);
    assertThat(rig.host.elements().generation()).isEqualTo(before);
    assertThat(ask(rig.pod("pod3"), VIP, 80)).isEqualTo("pod2 saw 10.42.1.4");
    assertThat(rig.syncer.look()).isFalse();

    rig.node.exec("nft", "flush ruleset");
    assertThat(rig.syncer.look()).isTrue();
    rig.step();
    assertThat(ask(rig.pod("pod3"), VIP, 80)).isEqualTo("pod1 saw 10.42.1.4");
  }

  @Test
  void programsFiveThousandServicesAndOneChangeInLittleTime() throws Exception {
    String[] objects = new String[10_000];
    for (int i = 0; i < 5_000; i++) {
      objects[2 * i] = service("s" + i, "10.43." + (i / 250 + 1) + "." + (i % 250 + 1), "");
      objects[2 * i + 1] = slice("s" + i, POD1, POD2);
    }
    rig.put(objects);

    Instant began = Instant.now();
    rig.step();
    Duration all = Duration.between(began, Instant.now());
    began = Instant.now();
    rig.program(slice("s4999", POD1));
    Duration one = Duration.between(began, Instant.now());

    assertThat(ask(rig.pod("pod3"), "10.43.20.250", 80)).isEqualTo("pod1 saw 10.42.1.4");
    assertThat(all).isLessThan(Duration.ofSeconds(15));
    assertThat(one).isLessThan(Duration.ofSeconds(2));
  }
}
