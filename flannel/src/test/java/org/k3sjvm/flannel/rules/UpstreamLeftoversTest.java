package org.k3sjvm.flannel.rules;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class UpstreamLeftoversTest {
  @Test
  void removesFlannelsChainsAndTheJumpsToThemAndNothingElse() {
    String saved =
        """
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD DROP [0:0]
        :DOCKER-USER - [0:0]
        :FLANNEL-FWD - [0:0]
        -A FORWARD -j DOCKER-USER
        -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
        -A FLANNEL-FWD -s 10.42.0.0/16 -j ACCEPT
        COMMIT
        *nat
        :POSTROUTING ACCEPT [0:0]
        :FLANNEL-POSTRTG - [0:0]
        -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
        -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -j RETURN
        COMMIT
        """;

    assertThat(UpstreamLeftovers.removal(saved))
        .isEqualTo(
            """
            *filter
            -D FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
            -F FLANNEL-FWD
            -X FLANNEL-FWD
            COMMIT
            *nat
            -D POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
            -F FLANNEL-POSTRTG
            -X FLANNEL-POSTRTG
            COMMIT
            """);
  }

  @Test
  void hasNothingToDoWithoutThem() {
    assertThat(UpstreamLeftovers.removal("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n")).isEmpty();
  }
}
