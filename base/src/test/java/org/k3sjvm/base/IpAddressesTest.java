package org.k3sjvm.base;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.k3sjvm.base.net.IpAddresses;

class IpAddressesTest {
  @Test
  void shortensIpv6AsRfc5952Says() {
    assertThat(IpAddresses.text(IpAddresses.parse("::"))).isEqualTo("::");
    assertThat(IpAddresses.text(IpAddresses.parse("::1"))).isEqualTo("::1");
    assertThat(IpAddresses.text(IpAddresses.parse("2001:db8:0:1:1:1:1:1")))
        .isEqualTo("2001:db8:0:1:1:1:1:1");
    assertThat(IpAddresses.text(IpAddresses.parse("2001:0:0:1:0:0:0:1")))
        .isEqualTo("2001:0:0:1::1");
    assertThat(IpAddresses.text(IpAddresses.parse("10.42.1.0"))).isEqualTo("10.42.1.0");
  }
}
