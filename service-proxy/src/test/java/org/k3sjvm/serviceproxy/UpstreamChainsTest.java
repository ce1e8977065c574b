package org.k3sjvm.serviceproxy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpstreamChainsTest {
  @ParameterizedTest
  @CsvSource({
    "KUBE-SERVICES, true",
    "KUBE-SVC-ERIFXISQEP7F7OF4, true",
    "KUBE-XLB-ERIFXISQEP7F7OF4, true",
    "KUBE-PROXY-CANARY, true",
    "KUBE-FIREWALL, false",
    "KUBE-KUBELET-CANARY, false",
    "KUBE-IPTABLES-HINT, false",
    "KUBE-ROUTER-FORWARD, false",
    "KUBE-POD-FW-AAAA, false",
    "KUBE-NWPLCY-AAAA, false",
    "CNI-HOSTPORT-DNAT, false",
    "DOCKER, false"
  })
  void knowsKubeProxysFromOthers(String chain, boolean ours) {
    assertThat(UpstreamChains.has(chain)).isEqualTo(ours);
  }
}
