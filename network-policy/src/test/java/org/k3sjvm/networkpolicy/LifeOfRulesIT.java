package org.k3sjvm.networkpolicy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.k3sjvm.networkpolicy.PolicyRig.reaches;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.kube.DeleteRequest;
import org.k3sjvm.kube.KubeException;
import org.k3sjvm.kube.Resources;
import org.k3sjvm.kube.testing.FakeKubeApi.Verb;
import org.k3sjvm.networkpolicy.PolicyRig.RigPod;

/** When rules come, stay and go. */
class LifeOfRulesIT {
  private static final String DENY = "{podSelector: {}, policyTypes: [Ingress, Egress]}";

  /** What firewalld and Docker leave on a host, in brief. */
  private static final String FOREIGN =
      """
      table inet firewalld {
        chain filter_FORWARD {
          type filter hook forward priority 10; policy accept;
          ct state established,related accept
          ct status dnat accept
        }
      }
      table ip nat {
        chain DOCKER { }
        chain PREROUTING {
          type nat hook prerouting priority -100; policy accept;
          fib daddr type local counter jump DOCKER
        }
      }
      """;

  private PolicyRig rig;
  private RigPod web;
  private RigPod friend;

  @BeforeEach
  void layCables() throws Exception {
    rig = new PolicyRig();
    rig.space("shop", Map.of());
    rig.space("jail", Map.of());
    web = rig.pod("shop", "web", Map.of("app", "web"));
    friend = rig.pod("shop", "friend", Map.of("app", "friend"));
  }

  @AfterEach
  void pullCables() throws Exception {
    rig.close();
  }

  @Test
  void holdsTheFirstPacketOfAPodThatTheApiDoesNotKnowYet() throws Exception {
    rig.policy("jail", "deny", DENY);
    rig.start();
    for (int i = 0; i < 2; i++) {
      RigPod young = rig.young("jail", "young-" + i);

      rig.policies().admit(PolicyRig.object(young, Map.of(), List.of()), young.addresses(), false);

      assertThat(reaches(young.namespace, web.ipv4, 80)).isFalse();
      assertThat(reaches(young.namespace, web.ipv6, 80)).isFalse();
      assertThat(reaches(web.namespace, young.ipv4, 80)).isFalse();
    }
  }

  @Test
  void givesAnAddressTheRulesOfItsNewPodOnly() throws Exception {
    rig.policy("jail", "deny", DENY);
    RigPod old = rig.pod("jail", "old", Map.of());
    rig.start();
    rig.await(false, old.namespace, web.ipv4, 80);

    RigPod heir = old.as("shop", "heir");
    rig.policies().admit(PolicyRig.object(heir, Map.of(), List.of()), heir.addresses(), false);
    assertThat(reaches(heir.namespace, web.ipv4, 80)).isTrue();

    rig.api().delete(Resources.PODS, old.name, DeleteRequest.DEFAULT);
    rig.api().create(Resources.PODS, PolicyRig.object(heir, Map.of(), heir.addresses()));
    RigPod again = heir.as("jail", "again");
    rig.policies().admit(PolicyRig.object(again, Map.of(), List.of()), again.addresses(), false);
    assertThat(reaches(again.namespace, web.ipv4, 80)).isFalse();
  }

  @Test
  void leavesTheRulesInForceWhenItEndsAndReplacesThemAtOneMoment() throws Exception {
    rig.addRules(FOREIGN);
    rig.policy("shop", "deny", DENY);
    rig.start();
    rig.await(false, friend.namespace, web.ipv4, 80);
    String before = rig.ruleset();

    rig.stop();
    assertThat(rig.ruleset()).isEqualTo(before);
    assertThat(reaches(friend.namespace, web.ipv4, 80)).isFalse();
    rig.start();
    for (int i = 0; i < 30; i++) {
      assertThat(reaches(friend.namespace, web.ipv4, 80)).as("try %s", i).isFalse();
    }

    PolicyRig.until("the same rules", () -> same(rig.ruleset(), before));
    assertThat(rig.ruleset()).contains("table inet firewalld").contains("counter jump DOCKER");
  }

  @Test
  void takesOverWhatAKilledAgentLeftHalfDone() throws Exception {
    rig.addRules(
        """
        table ip k3s-netpol {
          set peers-half { type ipv4_addr; }
          chain pol-half { ip saddr @peers-half accept; }
          chain fwd-egress {
            type filter hook forward priority 0; policy accept;
            ip saddr 10.42.0.0/16 drop
          }
        }
        """);
    rig.policy("shop", "deny", DENY);
    rig.start();
    PolicyRig.until("it is gone", () -> !rig.ruleset().contains("half"));
    assertThat(reaches(friend.namespace, web.ipv4, 80)).isFalse();

    rig.removePolicy("shop", "deny");
    PolicyRig.until("our tables are gone", () -> !rig.ruleset().contains("k3s-netpol"));
    assertThat(reaches(friend.namespace, web.ipv4, 80)).isTrue();
  }

  @Test
  void refusesNewPodsWhileItDoesNotKnowThePoliciesOfBefore() throws Exception {
    rig.policy("jail", "deny", DENY);
    rig.start();
    PolicyRig.until("the table", () -> rig.ruleset().contains("k3s-netpol"));
    restartWithTheApiAway(true);
    RigPod young = rig.young("jail", "young");

    assertThatThrownBy(
            () ->
                rig.policies()
                    .admit(PolicyRig.object(young, Map.of(), List.of()), young.addresses(), false))
        .isInstanceOf(NotInForceException.class)
        .hasMessageContaining("not known yet");
    assertThat(rig.ruleset()).contains("k3s-netpol");
  }

  @Test
  void letsContainersOfOldPodsStartAgainUnderTheRulesOfBefore() throws Exception {
    rig.policy("jail", "deny", DENY);
    rig.start();
    PolicyRig.until("the table", () -> rig.ruleset().contains("k3s-netpol"));
    RigPod old = rig.young("jail", "old");
    rig.policies().admit(PolicyRig.object(old, Map.of(), List.of()), old.addresses(), false);
    rig.policies().admit(PolicyRig.object(friend, Map.of(), List.of()), friend.addresses(), true);
    String before = rig.ruleset();
    restartWithTheApiAway(true);

    rig.policies().admit(PolicyRig.object(old, Map.of(), List.of()), old.addresses(), true);

    assertThat(rig.ruleset()).isEqualTo(before);
    for (String address : web.addresses()) {
      assertThat(reaches(old.namespace, address, 80)).isFalse();
      assertThat(reaches(friend.namespace, address, 80)).isTrue();
    }
    assertThat(reaches(web.namespace, old.ipv4, 80)).isFalse();
  }

  @Test
  void theLastPoliciesHoldForNewPodsAfterARebootWithTheApiAway() throws Exception {
    rig.policy("jail", "deny", DENY);
    rig.policy(
        "shop",
        "friends",
        """
        podSelector: {matchLabels: {app: web}}
        ingress: [{from: [{podSelector: {matchLabels: {app: friend}}}]}]
        """);
    rig.start();
    rig.await(false, rig.outside(), web.ipv4, 80);
    rig.await(true, friend.namespace, web.ipv4, 80);
    PolicyRig.until("they are remembered", rig::remembers);
    rig.stop();
    rig.addRules("delete table ip k3s-netpol\ndelete table ip6 k3s-netpol\n");
    restartWithTheApiAway(false);

    for (int i = 0; i < 3; i++) {
      RigPod young = rig.young("jail", "young-" + i);
      rig.policies().admit(PolicyRig.object(young, Map.of(), List.of()), young.addresses(), false);
      assertThat(reaches(web.namespace, young.ipv4, 80)).isFalse();
      assertThat(reaches(web.namespace, young.ipv6, 80)).isFalse();
      assertThat(reaches(young.namespace, web.ipv4, 80)).isFalse();
    }
    RigPod free = rig.young("free", "pod");
    rig.policies().admit(PolicyRig.object(free, Map.of(), List.of()), free.addresses(), false);
    assertThat(reaches(friend.namespace, free.ipv4, 80)).isTrue();
    assertThat(reaches(friend.namespace, web.ipv4, 80)).isTrue();
    assertThat(reaches(friend.namespace, web.ipv6, 80)).isTrue();
    assertThat(reaches(free.namespace, web.ipv4, 80)).isFalse();
  }

  @Test
  void whatIsRememberedSetsNobodyFree() throws Exception {
    rig.policy("jail", "deny", DENY);
    rig.start();
    PolicyRig.until("they are remembered", rig::remembers);
    rig.stop();
    rig.addRules("add element ip k3s-netpol egress-isolated { " + friend.ipv4 + " : goto deny }\n");
    restartWithTheApiAway(false);
    RigPod young = rig.young("jail", "young");

    assertThatThrownBy(
            () ->
                rig.policies()
                    .admit(PolicyRig.object(young, Map.of(), List.of()), young.addresses(), false))
        .isInstanceOf(NotInForceException.class);
    assertThat(reaches(friend.namespace, web.ipv4, 80)).isFalse();
  }

  @Test
  void forgetsWhatTheApiDoesNotShowAnyMore() throws Exception {
    rig.policy("shop", "deny", DENY);
    rig.policy("jail", "deny", DENY);
    rig.start();
    rig.await(false, friend.namespace, web.ipv4, 80);
    PolicyRig.until("they are remembered", rig::remembers);
    rig.stop();
    rig.removePolicy("shop", "deny");
    rig.start();

    rig.await(true, friend.namespace, web.ipv4, 80);
    rig.removePolicy("jail", "deny");
    PolicyRig.until("our tables are gone", () -> !rig.ruleset().contains("k3s-netpol"));
    rig.stop();
    assertThat(rig.remembersNone()).isTrue();
  }

  @Test
  void aNodeThatKnowsOfNoPoliciesLetsPodsStartAfterARebootWithTheApiAway() throws Exception {
    rig.start();
    PolicyRig.until("it is remembered", rig::remembersNone);
    restartWithTheApiAway(false);
    RigPod young = rig.young("shop", "young");

    rig.policies().admit(PolicyRig.object(young, Map.of(), List.of()), young.addresses(), false);

    assertThat(reaches(young.namespace, web.ipv4, 80)).isTrue();
  }

  private void restartWithTheApiAway(boolean forget) throws Exception {
    rig.stop();
    if (forget) {
      rig.forget();
    }
    for (int i = 0; i < 100; i++) {
      rig.api().failNext(Verb.LIST, new KubeException.Unavailable("list", "away", null));
    }
    rig.start();
  }

  @Test
  void mendsWhatOthersDoToItsRulesAndToTheBridge() throws Exception {
    rig.policy("shop", "deny", DENY);
    rig.start();
    rig.await(false, friend.namespace, web.ipv4, 80);

    for (String harm :
        List.of(
            "flush ruleset",
            "flush chain ip k3s-netpol fwd-ingress\nflush chain ip k3s-netpol fwd-egress",
            "flush map ip k3s-netpol egress-isolated\nflush map ip k3s-netpol ingress-isolated",
            "insert rule ip k3s-netpol deny accept")) {
      rig.addRules(harm);
      rig.await(true, friend.namespace, web.ipv4, 80);
      rig.await(false, friend.namespace, web.ipv4, 80);
    }
    rig.node().exec("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0");
    rig.await(true, friend.namespace, web.ipv4, 80);
    rig.await(false, friend.namespace, web.ipv4, 80);
  }

  /** Sets are listed in the order of their hashes. */
  private static boolean same(String one, String other) {
    return one.chars().sorted().boxed().toList().equals(other.chars().sorted().boxed().toList());
  }
}
