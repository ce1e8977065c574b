package org.k3sjvm.flannel.lease;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.lease.FlannelAnnotations.OwnPart;
import org.k3sjvm.linux.net.MacAddress;
import org.k3sjvm.linux.wireguard.PublicKey;

class FlannelAnnotationsTest {
  private static final String PREFIX = "flannel.alpha.coreos.com/";
  private static final PublicKey KEY =
      new PublicKey("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=");
  private static final OwnPart PART =
      new OwnPart(
          IpAddresses.parse("192.168.77.11"),
          FlannelAnnotations.vxlanData(1, MacAddress.parse("02:11:11:11:11:11")));

  @Test
  void writesTheBytesThatGoPeersTakeApartAsText() {
    assertThat(FlannelAnnotations.own(BackendType.VXLAN, Map.of(Family.IPV4, PART), Map.of()))
        .isEqualTo(
            Map.of(
                PREFIX + "backend-data", "{\"VNI\":1,\"VtepMAC\":\"02:11:11:11:11:11\"}",
                PREFIX + "backend-type", "vxlan",
                PREFIX + "kube-subnet-manager", "true",
                PREFIX + "public-ip", "192.168.77.11"));
  }

  @Test
  void writesBothFamiliesInDualStack() {
    OwnPart six =
        new OwnPart(
            IpAddresses.parse("fd77::11"),
            FlannelAnnotations.vxlanData(1, MacAddress.parse("02:66:11:11:11:11")));

    assertThat(
            FlannelAnnotations.own(
                BackendType.VXLAN, Map.of(Family.IPV4, PART, Family.IPV6, six), Map.of()))
        .containsEntry(PREFIX + "backend-v6-data", "{\"VNI\":1,\"VtepMAC\":\"02:66:11:11:11:11\"}")
        .containsEntry(PREFIX + "public-ipv6", "fd77::11");
  }

  @Test
  void announcesTheAddressThatAnAdministratorPutInItsPlace() {
    assertThat(
            FlannelAnnotations.own(
                BackendType.VXLAN,
                Map.of(Family.IPV4, PART),
                Map.of(PREFIX + "public-ip-overwrite", "203.0.113.7")))
        .containsEntry(PREFIX + "public-ip", "203.0.113.7");
  }

  @Test
  void saysNullAsTextWithHostGateways() {
    assertThat(
            FlannelAnnotations.own(
                BackendType.HOST_GW,
                Map.of(
                    Family.IPV4,
                    new OwnPart(IpAddresses.parse("192.168.77.11"), FlannelAnnotations.NULL_DATA)),
                Map.of()))
        .containsEntry(PREFIX + "backend-data", "null")
        .containsEntry(PREFIX + "backend-type", "host-gw");
  }

  @Test
  void readsAMacWhateverTheCaseAndNoneFromOtherText() {
    assertThat(mac("{\"VNI\":1,\"vtepmac\":\"12:C6:65:89:B4:E3\"}"))
        .hasValue(new MacAddress("12:c6:65:89:b4:e3"));
    assertThat(mac("null")).isEmpty();
    assertThat(mac("")).isEmpty();
    assertThat(mac("{\"VtepMAC\":\"x\"}")).isEmpty();
    assertThat(mac("{\"VtepMAC\":")).isEmpty();
  }

  /** Field order and port names of Go's encoding/json. Source: flannel v0.28 newSubnetAttrs. */
  @Test
  void writesItsEndOfWireguardAsGoPeersDo() {
    WireguardEnd end = new WireguardEnd(KEY, 51821);
    OwnPart six = new OwnPart(IpAddresses.parse("fd77::11"), FlannelAnnotations.wireguardData(end));

    assertThat(FlannelAnnotations.own(BackendType.WIREGUARD, Map.of(Family.IPV6, six), Map.of()))
        .isEqualTo(
            Map.of(
                PREFIX + "backend-data", "null",
                PREFIX + "backend-type", "wireguard",
                PREFIX + "backend-v6-data",
                    "{\"PublicKey\":\"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\",\"Port\":51821}",
                PREFIX + "kube-subnet-manager", "true",
                PREFIX + "public-ip", "0.0.0.0",
                PREFIX + "public-ipv6", "fd77::11"));
    assertThat(wireguard(FlannelAnnotations.wireguardData(end))).hasValue(end);
  }

  @Test
  void readsAnEndOfWireguardWithoutAPortAndNoneFromOtherText() {
    assertThat(wireguard("{\"publickey\":\"" + KEY + "\"}")).hasValue(new WireguardEnd(KEY, 0));
    assertThat(wireguard("{\"PublicKey\":\"" + KEY + "\",\"Port\":70000}"))
        .hasValue(new WireguardEnd(KEY, 0));
    assertThat(wireguard("{\"PublicKey\":\"abc=\",\"Port\":51820}")).isEmpty();
    assertThat(wireguard("{\"VNI\":1,\"VtepMAC\":\"12:C6:65:89:B4:E3\"}")).isEmpty();
    assertThat(wireguard("null")).isEmpty();
  }

  private static Optional<WireguardEnd> wireguard(String data) {
    return FlannelAnnotations.wireguard(Map.of(PREFIX + "backend-data", data), Family.IPV4);
  }

  private static Optional<MacAddress> mac(String data) {
    return FlannelAnnotations.mac(Map.of(PREFIX + "backend-data", data), Family.IPV4);
  }
}
