package org.k3sjvm.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.HostPort;
import org.k3sjvm.base.net.IpAddresses;

class EgressRulesTest {
  private static final EgressView VIEW =
      new EgressView(
          Set.of(IpAddresses.parse("10.42.1.5"), IpAddresses.parse("fd00:42::5")),
          Set.of(IpAddresses.parse("192.0.2.7")),
          Set.of(9100),
          List.of(Cidr.parse("10.42.0.0/16"), Cidr.parse("fd00:42::/56")));

  @ParameterizedTest
  @CsvSource({
    // protocol, address, and whether disabled, agent, pod, cluster allow it
    "tcp, 127.0.0.1:10250,      y, y, y, y",
    "tcp, '[::1]:10250',        y, y, y, y",
    "tcp, 127.0.0.1:10010,      y, y, y, y",
    "tcp, 127.0.0.1:22,         n, n, n, n",
    "tcp, 127.0.0.2:10250,      n, n, n, n",
    "udp, 127.0.0.1:10250,      n, n, n, n",
    "unix, /run/containerd.sock, n, n, n, n",
    "tcp, localhost:10250,      n, n, n, n",
    "tcp, web.default.svc:80,   n, n, n, n",
    "tcp, 127.0.0.1,            n, n, n, n",
    "tcp, '127.0.0.1:99999',    n, n, n, n",
    "tcp, '',                   n, n, n, n",
    "tcp, 0.0.0.0:10250,        n, n, n, n",
    "tcp, 10.42.1.5:80,         n, n, y, y",
    "tcp, '[fd00:42::5]:80',    n, n, y, y",
    "tcp, 10.42.9.9:80,         n, n, n, y",
    "tcp, 192.0.2.7:9100,       n, n, y, y",
    "tcp, 192.0.2.7:22,         n, n, n, y",
    "tcp, 192.0.2.8:9100,       n, n, n, n",
    "tcp, 169.254.169.254:80,   n, n, n, n",
  })
  void eachModeReachesWhatItShould(
      String protocol, String address, char disabled, char agent, char pod, char cluster) {
    assertThat(allowed(EgressMode.DISABLED, protocol, address)).isEqualTo(disabled == 'y');
    assertThat(allowed(EgressMode.AGENT, protocol, address)).isEqualTo(agent == 'y');
    assertThat(allowed(EgressMode.POD, protocol, address)).isEqualTo(pod == 'y');
    assertThat(allowed(EgressMode.CLUSTER, protocol, address)).isEqualTo(cluster == 'y');
  }

  @Test
  void theKubeletIsDialledWhereItListens() {
    EgressRules rules = new EgressRules(EgressMode.AGENT, HostPort.parse("192.0.2.7:10250"));
    assertThat(rules.decide("tcp", "127.0.0.1:10250", EgressView.EMPTY))
        .isEqualTo(new EgressDecision.Allowed(HostPort.parse("192.0.2.7:10250")));
    EgressRules wildcard = new EgressRules(EgressMode.AGENT, HostPort.parse("0.0.0.0:10250"));
    assertThat(wildcard.decide("tcp", "127.0.0.1:10250", EgressView.EMPTY))
        .isEqualTo(new EgressDecision.Allowed(HostPort.parse("127.0.0.1:10250")));
  }

  @Test
  void theServersSettingNamesTheMode() {
    assertThat(EgressMode.parse("")).isEqualTo(EgressMode.AGENT);
    assertThat(EgressMode.parse("cluster")).isEqualTo(EgressMode.CLUSTER);
  }

  private static boolean allowed(EgressMode mode, String protocol, String address) {
    return new EgressRules(mode, HostPort.parse("0.0.0.0:10250")).decide(protocol, address, VIEW)
        instanceof EgressDecision.Allowed;
  }
}
