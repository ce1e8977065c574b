package org.k3sjvm.networkpolicy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.k3sjvm.networkpolicy.PolicyRig.OUTSIDE;
import static org.k3sjvm.networkpolicy.PolicyRig.echoes;
import static org.k3sjvm.networkpolicy.PolicyRig.pings;
import static org.k3sjvm.networkpolicy.PolicyRig.reaches;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.linux.testing.SctpProbe;
import org.k3sjvm.networkpolicy.PolicyRig.RigPod;

/** Real packets of real namespaces. */
class NetworkPoliciesIT {
  private static final String DENY_INGRESS = "{podSelector: {}, policyTypes: [Ingress]}";

  private PolicyRig rig;
  private RigPod web;
  private RigPod friend;
  private RigPod stranger;

  @BeforeEach
  void layCables() throws Exception {
    rig = new PolicyRig();
    rig.space("shop", Map.of("team", "shop"));
    rig.space("other", Map.of("team", "other"));
    web = rig.pod("shop", "web", Map.of("app", "web"));
    friend = rig.pod("shop", "friend", Map.of("app", "friend"));
    stranger = rig.pod("other", "stranger", Map.of("app", "friend"));
    for (RigPod pod : List.of(web, friend, stranger)) {
      rig.await(true, rig.outside(), pod.ipv6, 80); // a new cable takes a moment for IPv6
    }
    rig.start();
  }

  @AfterEach
  void pullCables() throws Exception {
    rig.close();
  }

  @Test
  void leavesPodsAloneThatNoPolicySelects() throws Exception {
    rig.policy("other", "deny", DENY_INGRESS);
    rig.await(false, friend.namespace, stranger.ipv4, 80);

    assertThat(reaches(friend.namespace, web.ipv4, 80)).isTrue();
    assertThat(reaches(rig.outside(), web.ipv6, 80)).isTrue();
  }

  @Test
  void letsNobodyInUnderDefaultDenyButTheNodeAndThePodItself() throws Exception {
    rig.policy("shop", "deny", DENY_INGRESS);
    rig.await(false, friend.namespace, web.ipv4, 80);

    for (String address : web.addresses()) {
      assertThat(reaches(friend.namespace, address, 80)).isFalse();
      assertThat(reaches(stranger.namespace, address, 80)).isFalse();
      assertThat(reaches(rig.outside(), address, 80)).isFalse();
      assertThat(echoes(friend.namespace, address, 80)).isFalse();
      assertThat(reaches(rig.node(), address, 80)).isTrue();
      assertThat(reaches(web.namespace, address, 80)).isTrue();
    }
    assertThat(pings(friend.namespace, web.ipv4)).isFalse();
    assertThat(reaches(web.namespace, stranger.ipv4, 80)).isTrue();
    assertThat(reaches(web.namespace, OUTSIDE, 80)).as("answers come in").isTrue();
  }

  @Test
  void letsThoseInWhomALabelANamespaceOrABlockNames() throws Exception {
    rig.policy("shop", "deny", DENY_INGRESS);
    rig.policy(
        "shop",
        "allow",
        """
        podSelector: {matchLabels: {app: web}}
        ingress:
        - from: [{podSelector: {matchLabels: {app: friend}}}]
          ports: [{port: 80}]
        - from: [{namespaceSelector: {matchLabels: {team: other}}}]
          ports: [{port: web}]
        - from: [{ipBlock: {cidr: 192.168.77.0/24, except: [192.168.77.128/25]}}]
          ports: [{protocol: UDP, port: 81, endPort: 82}]
        """);
    rig.await(false, stranger.namespace, web.ipv4, 80);
    rig.await(true, friend.namespace, web.ipv4, 80);

    assertThat(reaches(friend.namespace, web.ipv6, 80)).isTrue();
    assertThat(reaches(friend.namespace, web.ipv4, 81)).isFalse();
    assertThat(reaches(stranger.namespace, web.ipv4, 8080)).isTrue();
    assertThat(reaches(stranger.namespace, web.ipv6, 8080)).isTrue();
    assertThat(reaches(friend.namespace, web.ipv4, 8080)).isFalse();
    assertThat(echoes(rig.outside(), web.ipv4, 81)).isTrue();
    assertThat(echoes(rig.outside(), web.ipv4, 80)).isFalse();
    assertThat(echoes(rig.outside(), web.ipv6, 81)).isFalse();
    rig.outside().exec("ip", "addr", "add", "192.168.77.200/24", "dev", "eth0");
    rig.outside()
        .exec(
            "ip",
            "route",
            "replace",
            "10.42.0.0/24",
            "via",
            "192.168.77.1",
            "src",
            "192.168.77.200");
    assertThat(echoes(rig.outside(), web.ipv4, 81)).as("the exception").isFalse();
  }

  @Test
  void letsInSctpWhereAPolicyNamesIt() throws Exception {
    rig.policy(
        "shop",
        "signal",
        """
        podSelector: {matchLabels: {app: web}}
        ingress:
        - from: [{podSelector: {matchLabels: {app: friend}}}]
          ports: [{protocol: SCTP, port: 80}, {protocol: SCTP, port: 90, endPort: 92}]
        """);
    rig.await(false, friend.namespace, web.ipv4, 80);

    Duration patience = Duration.ofMillis(500);
    for (String address : web.addresses()) {
      try (SctpProbe probe = SctpProbe.open(web.namespace, address.contains(":"))) {
        assertThat(probe.comesFrom(friend.namespace, address, 80, patience)).hasValue(80);
        assertThat(probe.comesFrom(friend.namespace, address, 91, patience)).hasValue(91);
        assertThat(probe.comesFrom(friend.namespace, address, 81, patience)).isEmpty();
        assertThat(probe.comesFrom(stranger.namespace, address, 80, patience)).isEmpty();
      }
    }
  }

  @Test
  void letsPodsReachOnlyWhatTheirEgressNames() throws Exception {
    rig.policy(
        "shop",
        "out",
        """
        podSelector: {matchLabels: {app: web}}
        policyTypes: [Egress]
        egress:
        - to: [{podSelector: {matchLabels: {app: friend}}}]
          ports: [{port: web}]
        - to: [{ipBlock: {cidr: 192.168.77.2/32}}]
          ports: [{port: 80}]
        """);
    rig.await(false, web.namespace, stranger.ipv4, 80);

    assertThat(reaches(web.namespace, friend.ipv4, 8080)).isTrue();
    assertThat(reaches(web.namespace, friend.ipv6, 8080)).isTrue();
    assertThat(reaches(web.namespace, friend.ipv4, 80)).isFalse();
    assertThat(reaches(web.namespace, OUTSIDE, 80)).isTrue();
    assertThat(reaches(web.namespace, OUTSIDE, 81)).isFalse();
    assertThat(reaches(web.namespace, "10.42.0.1", 80)).as("its node").isFalse();
    assertThat(reaches(friend.namespace, web.ipv4, 80)).as("answers go out").isTrue();
    assertThat(reaches(web.namespace, "fd77::2", 80)).isFalse();
  }

  @Test
  void needsTheLeaveOfBothSides() throws Exception {
    rig.policy(
        "shop",
        "out",
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{}]}");
    rig.policy("other", "deny", DENY_INGRESS);

    rig.await(false, web.namespace, stranger.ipv4, 80);
    assertThat(reaches(web.namespace, friend.ipv4, 80)).isTrue();
  }

  @Test
  void followsLabelsNamespacesAndPolicies() throws Exception {
    rig.policy("shop", "deny", DENY_INGRESS);
    rig.await(false, friend.namespace, web.ipv4, 80);
    rig.policy(
        "shop",
        "allow",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {vip: y}}}]}]}");
    rig.label("other", Map.of("vip", "y"));
    rig.await(true, stranger.namespace, web.ipv4, 80);
    assertThat(reaches(friend.namespace, web.ipv4, 80)).isFalse();

    rig.label("other", Map.of());
    rig.await(false, stranger.namespace, web.ipv4, 80);
    rig.removePolicy("shop", "deny");
    rig.removePolicy("shop", "allow");
    rig.await(true, stranger.namespace, web.ipv4, 80);
    PolicyRig.until("no table is left", () -> !rig.ruleset().contains("k3s-netpol"));
  }

  @Test
  void judgesServicesByTheirPodAndByTheRealClient() throws Exception {
    rig.addRules(
        """
        table ip service {
          chain prerouting {
            type nat hook prerouting priority -101
            ip daddr 10.43.0.9 tcp dport 80 dnat to WEB:8080
            fib daddr type local tcp dport 30080 dnat to WEB:8080
          }
          chain postrouting {
            type nat hook postrouting priority 99
            ct status dnat masquerade
          }
        }
        """
            .replace("WEB", web.ipv4));
    assertThat(reaches(stranger.namespace, "10.43.0.9", 80)).isTrue();
    rig.policy(
        "shop",
        "allow",
        """
        podSelector: {matchLabels: {app: web}}
        ingress:
        - from: [{podSelector: {matchLabels: {app: friend}}}, {ipBlock: {cidr: 192.168.77.2/32}}]
          ports: [{port: 8080}]
        """);
    rig.await(false, stranger.namespace, "10.43.0.9", 80);

    assertThat(reaches(friend.namespace, "10.43.0.9", 80)).isTrue();
    assertThat(reaches(web.namespace, "10.43.0.9", 80)).as("itself").isTrue();
    assertThat(reaches(rig.outside(), PolicyRig.NODE_ADDRESS, 30080)).isTrue();
    assertThat(reaches(rig.outside(), web.ipv4, 8080)).isTrue();
    assertThat(reaches(rig.outside(), web.ipv4, 80)).isFalse();

    rig.policy("shop", "out", "{podSelector: {}, policyTypes: [Egress]}");
    rig.await(false, friend.namespace, "10.43.0.9", 80);
    assertThat(reaches(friend.namespace, PolicyRig.NODE_ADDRESS, 80)).isFalse();
    assertThat(reaches(friend.namespace, PolicyRig.NODE_ADDRESS, 30090))
        .as("node ports of its node")
        .isTrue();
  }
}
