package org.k3sjvm.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ContainerHashTest {
  @Test
  void isThatOfTheUpstreamKubelet() {
    assertThat(ContainerHash.of("c1", "busybox:1.36")).isEqualTo("b47ec1e2");
  }
}
