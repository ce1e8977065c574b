package org.k3sjvm.flannel.lease;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.flannel.lease.FlannelAnnotations.OwnPart;
import org.k3sjvm.linux.net.MacAddress;

class FlannelAnnotationsTest {
  private static final String PREFIX = "flannel.alpha.coreos.com/";
  private static final OwnPart PART =
      new OwnPart(
          IpAddresses.parse("192.168.77.11"), Optional.of(MacAddress.parse("02:11:11:11:11:11")));

  @Test
  void writesTheBytesThatGoPeersTakeApartAsText() {
    assertThat(FlannelAnnotations.own(BackendType.VXLAN, 1, Map.of(Family.IPV4, PART), Map.of()))
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
            IpAddresses.parse("fd77::11"), Optional.of(MacAddress.parse("02:66:11:11:11:11")));

    assertThat(
            FlannelAnnotations.own(
                BackendType.VXLAN, 1, Map.of(Family.IPV4, PART, Family.IPV6, six), Map.of()))
        .containsEntry(PREFIX + "backend-v6-data", "{\"VNI\":1,\"VtepMAC\":\"02:66:11:11:11:11\"}")
        .containsEntry(PREFIX + "public-ipv6", "fd77::11");
  }

  @Test
  void announcesTheAddressThatAnAdministratorPutInItsPlace() {
    assertThat(
            FlannelAnnotations.own(
                BackendType.VXLAN,
                1,
                Map.of(Family.IPV4, PART),
                Map.of(PREFIX + "public-ip-overwrite", "203.0.113.7")))
        .containsEntry(PREFIX + "public-ip", "203.0.113.7");
  }

  @Test
  void saysNullAsTextWithHostGateways() {
    assertThat(
            FlannelAnnotations.own(
                BackendType.HOST_GW,
                1,
                Map.of(
                    Family.IPV4, new OwnPart(IpAddresses.parse("192.168.77.11"), Optional.empty())),
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

  private static Optional<MacAddress> mac(String data) {
    return FlannelAnnotations.mac(Map.of(PREFIX + "backend-data", data), Family.IPV4);
  }
}
