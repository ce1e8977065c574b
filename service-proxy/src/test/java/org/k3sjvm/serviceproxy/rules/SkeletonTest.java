package org.k3sjvm.serviceproxy.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.serviceproxy.model.Family;

class SkeletonTest {
  private static final RuleSettings SETTINGS =
      RuleSettings.of(
          List.of(Cidr.parse("10.42.0.0/16"), Cidr.parse("fd42::/56")),
          List.of(Cidr.parse("10.43.0.0/16"), Cidr.parse("fd43::/112")));

  private static String script(Family family, RuleSettings settings) {
    return Skeleton.of(family, settings).script();
  }

  @Test
  void picksARandomSlotOfSoManyByOneRuleForEachProtocol() {
    assertThat(script(Family.IPV4, SETTINGS))
        .contains(
            """
              chain pick-2 {
                meta l4proto tcp dnat ip to ip daddr . meta l4proto . th dport . numgen random mod 2 map @service-endpoints
                meta l4proto udp dnat ip to ip daddr . meta l4proto . th dport . numgen random mod 2 map @service-endpoints
                meta l4proto sctp dnat ip to ip daddr . meta l4proto . th dport . numgen random mod 2 map @service-endpoints
              }
            """
                .indent(2)
                .replaceAll("(?m)^  ", ""));
  }

  @Test
  void masqueradesWhatComesFromOutsideTheCluster() {
    assertThat(script(Family.IPV4, SETTINGS))
        .contains("ip saddr != 10.42.0.0/16 jump mark-for-masquerade")
        .doesNotContain("fd42");
    assertThat(script(Family.IPV6, SETTINGS))
        .contains("ip6 saddr != fd42::/56 jump mark-for-masquerade")
        .doesNotContain("10.42");
  }

  @Test
  void translatesBeforeOthersAndFiltersSourcesBeforeThat() {
    assertThat(script(Family.IPV4, SETTINGS))
        .contains("type nat hook prerouting priority -101; policy accept;")
        .contains("type nat hook output priority -101; policy accept;")
        .contains("type filter hook prerouting priority -110; policy accept;")
        .contains("type nat hook postrouting priority 99; policy accept;");
  }

  @Test
  void refusesOtherPortsOfClusterIpsAndDropsUnusedOnes() {
    assertThat(script(Family.IPV4, SETTINGS))
        .contains("ip daddr @cluster-ips reject")
        .contains("ip daddr 10.43.0.0/16 drop");
  }

  @Test
  void hasNodePortsWhereToldTo() {
    assertThat(script(Family.IPV4, SETTINGS))
        .contains("fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap");
    RuleSettings some =
        new RuleSettings(
            List.of(), List.of(), true, 7, List.of(Cidr.parse("192.168.1.0/24")), false);
    assertThat(script(Family.IPV4, some))
        .contains("fib daddr type local ip daddr 192.168.1.0/24 meta l4proto . th dport vmap")
        .contains("meta mark set meta mark | 0x80");
    assertThat(script(Family.IPV6, some)).contains("fib daddr type local ip6 daddr ::1 ");
  }

  @Test
  void bearsAMarkThatChangesWithItsRules() {
    String one = script(Family.IPV4, SETTINGS);
    String other = script(Family.IPV4, SETTINGS.withLoopbackNodePorts());

    assertThat(mark(one)).isEqualTo(mark(script(Family.IPV4, SETTINGS))).isNotEqualTo(mark(other));
  }

  private static String mark(String script) {
    return script.replaceFirst("(?s).*chain (layout-[0-9a-f]+).*", "$1");
  }
}
