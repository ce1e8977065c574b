package org.k3sjvm.agent.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.linux.host.HostSettings.Conntrack;

class ProxyOptionsTest {
  private static ProxyOptions.Settings read(String... texts) {
    return ProxyOptions.read(List.of(texts), "127.0.0.1", 8);
  }

  @Test
  void assumesWhatK3sPassesToKubeProxy() {
    ProxyOptions.Settings settings = read();

    assertThat(settings.podNetworks()).isEmpty();
    assertThat(settings.masqueradeAll()).isFalse();
    assertThat(settings.masqueradeBit()).isEqualTo(14);
    assertThat(settings.nodePortNetworks()).isEmpty();
    assertThat(settings.loopbackNodePorts()).isFalse();
    assertThat(settings.healthz()).contains(new HostPort("127.0.0.1", 10_256));
    assertThat(settings.metrics()).contains(new HostPort("127.0.0.1", 10_249));
    assertThat(settings.minSync()).isEqualTo(Duration.ofSeconds(1));
    assertThat(settings.look()).isEqualTo(Duration.ofSeconds(30));
    assertThat(settings.conntrack()).isEqualTo(Conntrack.defaults(8));
  }

  @Test
  void takesEachArgumentThatActs() {
    ProxyOptions.Settings settings =
        read(
            "proxy-mode=nftables",
            "--cluster-cidr=10.0.0.0/8,fd42::/56",
            "masquerade-all",
            "iptables-masquerade-bit=7",
            "nodeport-addresses=192.168.0.0/16",
            "iptables-localhost-nodeports=true",
            "healthz-bind-address=0.0.0.0",
            "metrics-bind-address=[::1]:9999",
            "iptables-min-sync-period=2s",
            "iptables-sync-period=1m",
            "conntrack-max-per-core=1000",
            "conntrack-min=10",
            "conntrack-tcp-timeout-established=1h",
            "conntrack-tcp-timeout-close-wait=0",
            "conntrack-tcp-be-liberal",
            "conntrack-udp-timeout=10s",
            "conntrack-udp-timeout-stream=20s");

    assertThat(settings.podNetworks())
        .containsExactly(Cidr.parse("10.0.0.0/8"), Cidr.parse("fd42::/56"));
    assertThat(settings.masqueradeAll()).isTrue();
    assertThat(settings.masqueradeBit()).isEqualTo(7);
    assertThat(settings.nodePortNetworks()).containsExactly(Cidr.parse("192.168.0.0/16"));
    assertThat(settings.loopbackNodePorts()).isTrue();
    assertThat(settings.healthz()).contains(new HostPort("0.0.0.0", 10_256));
    assertThat(settings.metrics()).contains(new HostPort("::1", 9_999));
    assertThat(settings.minSync()).isEqualTo(Duration.ofSeconds(2));
    assertThat(settings.look()).isEqualTo(Duration.ofMinutes(1));
    assertThat(settings.conntrack())
        .isEqualTo(
            new Conntrack(
                OptionalLong.of(8_000),
                OptionalLong.of(3_600),
                OptionalLong.empty(),
                OptionalLong.of(10),
                OptionalLong.of(20),
                true));
  }

  @Test
  void knowsTheNodesOwnAddressesAndNowhere() {
    assertThat(read("nodeport-addresses=primary").nodePortsOfNodeIps()).isTrue();
    assertThat(read("healthz-port=0").healthz()).isEmpty();
    assertThat(read("conntrack-max-per-core=0").conntrack().maxEntries()).isEmpty();
  }

  @Test
  void refusesWhatKubeProxyDoesNotKnowAndWhatIsNotOffered() {
    assertThatThrownBy(
            () -> read("no-such=1", "proxy-mode=ipvs", "cluster-cidr=ten", "masquerade-all=maybe"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("--kube-proxy-arg=no-such: kube-proxy has no such flag")
        .hasMessageContaining("--kube-proxy-arg=proxy-mode=ipvs is not offered")
        .hasMessageContaining("--kube-proxy-arg=cluster-cidr=ten")
        .hasMessageContaining("--kube-proxy-arg=masquerade-all=maybe");
  }

  @Test
  void acceptsKnownArgumentsThatDoNothingHere() {
    assertThat(read("v=4", "config-sync-period=1m")).isEqualTo(read());
  }
}
