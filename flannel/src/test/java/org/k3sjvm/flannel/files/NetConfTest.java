package org.k3sjvm.flannel.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.secret.Secret;
import org.k3sjvm.flannel.backend.VxlanOptions;
import org.k3sjvm.flannel.backend.WireguardOptions;
import org.k3sjvm.flannel.lease.BackendType;
import org.k3sjvm.flannel.lease.Family;
import org.k3sjvm.linux.wireguard.SecretKey;

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
            .isEqualTo(
                new NetConf.Given(
                    networks, backend, VxlanOptions.DEFAULT, WireguardOptions.DEFAULT));
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
        "\"VNI\": \"7\"; VNI must be a whole number, not \"7\"",
        "\"VNI\": 7.5; VNI must be a whole number, not 7.5",
        "\"VNI\": 16777216; VNI must be 0 to 16777215, not 16777216",
        "\"VNI\": 99999999999; VNI must be a whole number, not 99999999999",
        "\"Port\": true; Port must be a whole number, not true",
        "\"Port\": 70000; Port must be 0 to 65535, not 70000",
        "\"MTU\": \"1400\"; MTU must be a whole number, not \"1400\"",
        "\"MTU\": -1; MTU must be at least",
        "\"GBP\": 1; GBP must be true or false, not 1",
        "\"Learning\": \"on\"; Learning must be true or false, not \"on\"",
        "\"DirectRouting\": \"true\"; DirectRouting must be true or false, not \"true\""
      })
  void takesNoOptionOfVxlanForAnother(String option, String reason) {
    String text = "{\"Network\":\"10.42.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"," + option + "}}";
    assertThatThrownBy(() -> NetConf.read(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void anOptionThatIsNullIsNotSaid() {
    assertThat(
            NetConf.read(
                    """
                    {"Network": "10.42.0.0/16", "EnableIPv6": null, "IPv6Network": null,
                     "Backend": {"Type": "vxlan", "VNI": null, "MTU": null, "GBP": null}}
                    """)
                .vxlan())
        .isEqualTo(VxlanOptions.DEFAULT);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "[]; no JSON object",
        "{}; neither Network",
        "{\"Network\":\"10.42.0.0/16\"}; no backend 'udp'",
        "{\"Network\":\"10.42.0.0/16\",\"Backend\":{\"Type\":\"ipsec\"}}; no backend 'ipsec'",
        "{\"Network\":\"fd00::/56\",\"Backend\":{\"Type\":\"vxlan\"}}; no IPV4 network",
        "{\"Network\":\"10.42.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"MTU\":9}}; MTU must be",
        "{\"Network\":42,\"Backend\":{\"Type\":\"vxlan\"}}; Network must be a text, not 42",
        "{\"Network\":\"ten\",\"Backend\":{\"Type\":\"vxlan\"}}; Network is no network: ",
        "{\"EnableIPv4\":\"yes\"}; EnableIPv4 must be true or false, not \"yes\"",
        "{\"EnableIPv6\":1}; EnableIPv6 must be true or false, not 1",
        "{\"Network\":\"10.42.0.0/16\",\"Backend\":\"vxlan\"}; Backend must be an object",
        "{\"Network\":\"10.42.0.0/16\",\"Backend\":{\"Type\":7}}; Type must be a text, not 7"
      })
  void saysWhatCannotBeUsed(String text, String reason) {
    assertThatThrownBy(() -> NetConf.read(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void readsEveryOptionOfWireguard() {
    assertThat(
            NetConf.read(
                    """
                    {"Network": "10.42.0.0/16",
                     "Backend": {"Type": "wireguard", "Mode": "auto", "ListenPort": 1000, "ListenPortV6": 1001,
                      "MTU": 9000, "PSK": "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",
                      "PersistentKeepaliveInterval": 7}}
                    """)
                .wireguard())
        .isEqualTo(
            new WireguardOptions(
                WireguardOptions.Mode.AUTO,
                1000,
                1001,
                OptionalInt.of(9000),
                Optional.of(
                    new SecretKey(new Secret("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="))),
                7));
  }

  @Test
  void asksForNoKeepaliveUnlessAnAdministratorDoes() {
    assertThat(
            NetConf.read("{\"Network\":\"10.42.0.0/16\",\"Backend\":{\"Type\":\"wireguard\"}}")
                .wireguard()
                .keepaliveSeconds())
        .isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "\"Mode\": \"both\"; Mode must be separate, auto, ipv4, ipv6, not both",
        "\"ListenPort\": 0; ListenPort must be 1 to 65535, not 0",
        "\"ListenPort\": 51821; ListenPort and ListenPortV6 must differ",
        "\"PSK\": \"c2VjcmV0\"; the secret key must be base64 of 32 bytes, not of 6",
        "\"MTU\": 9; MTU must be at least 1360"
      })
  void takesNoOptionOfWireguardForAnother(String option, String reason) {
    String text =
        "{\"Network\":\"10.42.0.0/16\",\"Backend\":{\"Type\":\"wireguard\"," + option + "}}";
    assertThatThrownBy(() -> NetConf.read(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }
}
