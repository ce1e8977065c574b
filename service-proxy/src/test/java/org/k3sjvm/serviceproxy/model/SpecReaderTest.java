package org.k3sjvm.serviceproxy.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;
import org.k3sjvm.kube.KubeJson;
import org.k3sjvm.linux.filter.Packed;

class SpecReaderTest {
  private static Optional<ServiceSpec> service(String spec, String status) {
    return SpecReader.service(
        KubeJson.read(
            "{\"metadata\": {\"namespace\": \"d\", \"name\": \"s\"}, \"spec\": "
                + spec
                + ", \"status\": "
                + status
                + "}",
            Service.class));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"clusterIP\": \"None\"}",
        "{\"clusterIP\": \"\"}",
        "{}",
        "{\"clusterIP\": \"10.43.0.1\", \"type\": \"ExternalName\"}"
      })
  void leavesServicesWithoutAnAddressAlone(String spec) {
    assertThat(service(spec, "{}")).isEmpty();
  }

  @Test
  void readsAllThatMatters() {
    ServiceSpec spec =
        service(
                """
                {"clusterIP": "10.43.0.1", "clusterIPs": ["10.43.0.1", "fd43::1"],
                 "type": "LoadBalancer", "externalIPs": ["1.2.3.4"],
                 "loadBalancerSourceRanges": [" 10.0.0.0/8 ", "192.168.1.7/24", "bad"],
                 "healthCheckNodePort": 31000, "sessionAffinity": "ClientIP",
                 "externalTrafficPolicy": "Local", "internalTrafficPolicy": "Cluster",
                 "ports": [{"port": 80, "nodePort": 30080}, {"port": 53, "protocol": "UDP"},
                           {"port": 9, "protocol": "DCCP"}]}
                """,
                """
                {"loadBalancer": {"ingress": [{"ip": "5.6.7.8", "ipMode": "VIP"},
                  {"ip": "5.6.7.9", "ipMode": "Proxy"}, {"hostname": "x"}]}}
                """)
            .orElseThrow();

    assertThat(spec.ports())
        .containsExactly(
            new ServiceSpec.Port("", Protocol.TCP, 80, 30_080),
            new ServiceSpec.Port("", Protocol.UDP, 53, 0));
    assertThat(spec.clusterIps()).containsExactly(ip("10.43.0.1"), ip("fd43::1"));
    assertThat(spec.externalIps()).containsExactly(ip("1.2.3.4"));
    assertThat(spec.loadBalancerIps()).containsExactly(ip("5.6.7.8"));
    assertThat(spec.sourceRanges())
        .containsExactly(Cidr.parse("10.0.0.0/8"), Cidr.parse("192.168.1.0/24"));
    assertThat(spec.healthCheckPort()).isEqualTo(31_000);
    assertThat(spec.affinitySeconds()).isEqualTo(10_800);
    assertThat(spec.externalLocal()).isTrue();
    assertThat(spec.internalLocal()).isFalse();
  }

  @Test
  void readsASliceAndWhatIsOnThisNode() {
    Slice slice =
        SpecReader.slice(
                KubeJson.read(
                    """
                    {"addressType": "IPv4", "ports": [{"name": "", "port": 80}, {"port": 81}],
                     "endpoints": [
                       {"addresses": ["10.42.0.1"], "nodeName": "n1"},
                       {"addresses": ["10.42.0.2"], "conditions": {"ready": false},
                        "hints": {"forZones": [{"name": "z"}]}},
                       {"addresses": []}]}
                    """,
                    EndpointSlice.class),
                "n1")
            .orElseThrow();

    assertThat(slice.ports()).containsExactly(new Slice.Port("", Protocol.TCP, 80));
    assertThat(slice.endpoints()).hasSize(2);
    assertThat(slice.endpoints().getFirst().local()).isTrue();
    assertThat(slice.endpoints().getFirst().ready()).isTrue();
    assertThat(slice.endpoints().get(1).ready()).isFalse();
    assertThat(slice.endpoints().get(1).hintedZones()).containsExactly("z");
  }

  @Test
  void readsListsThatAreNull() {
    Slice slice =
        SpecReader.slice(
                KubeJson.read(
                    "{\"addressType\": \"IPv4\", \"ports\": null, \"endpoints\": null}",
                    EndpointSlice.class),
                "n1")
            .orElseThrow();

    assertThat(slice.endpoints()).isEmpty();
    assertThat(service("{\"clusterIP\": \"10.43.0.1\", \"ports\": null}", "{}")).isPresent();
  }

  @Test
  void nonsenseIsLeftOutAndCostsNothingElse() {
    ServiceSpec spec =
        service(
                """
                {"clusterIP": "10.43.0.1", "clusterIPs": [null, "10.43.0.1"],
                 "externalIPs": [null, "x"], "loadBalancerSourceRanges": [null, "10.0.0.0/99"],
                 "healthCheckNodePort": 70000, "sessionAffinity": "ClientIP",
                 "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": -1}},
                 "ports": [null, {"port": -1}, {"port": 65616}, {"port": 80, "nodePort": 99999}]}
                """,
                "{\"loadBalancer\": {\"ingress\": [null, {}]}}")
            .orElseThrow();

    assertThat(spec.clusterIps()).containsExactly(ip("10.43.0.1"));
    assertThat(spec.ports()).containsExactly(new ServiceSpec.Port("", Protocol.TCP, 80, 0));
    assertThat(spec.externalIps()).isEmpty();
    assertThat(spec.sourceRanges()).isEmpty();
    assertThat(spec.healthCheckPort()).isZero();
    assertThat(spec.affinitySeconds()).isEqualTo(1);
    assertThat(service("{\"clusterIP\": \"x\", \"healthCheckNodePort\": 31000}", "{}")).isEmpty();
  }

  @Test
  void holesInASliceCostNothingElse() {
    Slice slice =
        SpecReader.slice(
                KubeJson.read(
                    """
                    {"addressType": "IPv4", "ports": [null, {"name": "", "port": 70000}],
                     "endpoints": [null, {"addresses": [null]},
                       {"addresses": ["10.42.0.1"],
                        "hints": {"forNodes": [null, {}], "forZones": [{"name": "z"}]}}]}
                    """,
                    EndpointSlice.class),
                "n1")
            .orElseThrow();

    assertThat(slice.ports()).isEmpty();
    assertThat(slice.endpoints()).hasSize(1);
    assertThat(slice.endpoints().getFirst().hintedNodes()).isEmpty();
    assertThat(slice.endpoints().getFirst().hintedZones()).containsExactly("z");
  }

  @Test
  void leavesSlicesOfNamesAlone() {
    assertThat(
            SpecReader.slice(
                KubeJson.read("{\"addressType\": \"FQDN\"}", EndpointSlice.class), "n1"))
        .isEmpty();
  }

  private static Packed ip(String text) {
    return Packed.ofAddress(IpAddresses.parse(text));
  }
}
