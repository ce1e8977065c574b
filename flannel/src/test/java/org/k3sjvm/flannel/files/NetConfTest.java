package org.k3sjvm.flannel.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.flannel.backend.VxlanOptions;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;

class NetConfTest {
  private static final Cidr PODS = Cidr.parse("10.42.0.0/16");
  private static final Cidr PODS_V6 = Cidr.parse("2001:cafe:42::/56");

  @Test
  void readsWhatItWrites() {
    for (BackendType backend : BackendType.values()) {
      for (Map<Family, Cidr> networks :
          List.of(
              Map.of(Family.IPV4, PODS),
              Map.of(Family.IPV6, PODS_V6),
              Map.of(Family.IPV4, PODS, Family.IPV6, PODS_V6))) {
        assertThat(NetConf.read(NetConf.text(networks, backend)))
            .isEqualTo(new NetConf.Given(networks, backend, VxlanOptions.DEFAULT));
      }
    }
  }

  @Test
  void readsAllOptionsOfVxlanInAnyCase() {
    assertThat(
            NetConf.read(
                    """
                    {"network": "10.42.0.0/16", "SubnetLen": 24,
                     "Backend": {"Type": "vxlan", "vni": 7, "PORT": 4789, "MTU": 1400,
                                 "GBP": true, "Learning": true, "DirectRouting": true}}
                    """)
                .vxlan())
        .isEqualTo(new VxlanOptions(7, 4789, OptionalInt.of(1400), true, true, true));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "[]; no JSON object",
        "{}; neither Network",
        "{\"Network\":\"10.42.0.0/16\"}; no backend 'udp'",
        "{\"Network\":\"10.42.0.0/16\",\"Backend\":{\"Type\":\"wireguard\"}}; no backend 'wireguard'",
        "{\"Network\":\"fd00::/56\",\"Backend\":{\"Type\":\"vxlan\"}}; no IPV4 network",
        "{\"Network\":\"10.42.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"MTU\":9}}; MTU must be"
      })
  void saysWhatCannotBeUsed(String text, String reason) {
    assertThatThrownBy(() -> NetConf.read(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }
}
