package org.k3sjvm.networkpolicy.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.base.net.IpAddresses;

class AddressRangesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          10.0.0.0/24 |             | 10.0.0.0-10.0.0.255
          10.0.0.0/24 | 10.0.0.0/25 | 10.0.0.128-10.0.0.255
          10.0.0.0/24 | 10.0.0.4/30 | 10.0.0.0-10.0.0.3, 10.0.0.8-10.0.0.255
          10.0.0.0/24 | 10.0.0.0/24 | ''
          10.0.0.0/31 | 10.0.0.1/32 | 10.0.0.0
          0.0.0.0/0   |             | 0.0.0.0-255.255.255.255
          ::/0        | fc00::/7    | ::-fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, fe00::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
          fd00::/126  | fd00::1/128 | fd00::, fd00::2-fd00::3
          """)
  void leavesOutExceptions(String cidr, String except, String expected) {
    AddressRanges ranges = AddressRanges.of(Cidr.parse(cidr));
    if (except != null) {
      ranges = ranges.without(AddressRanges.of(Cidr.parse(except)));
    }

    assertThat(ranges).hasToString(expected);
  }

  @Test
  void joinsWhatOverlapsAndWhatTouches() {
    AddressRanges joined =
        of("10.0.0.0/25").and(of("10.0.0.128/25")).and(of("10.0.0.64/26")).and(of("10.9.0.0/16"));

    assertThat(joined).hasToString("10.0.0.0-10.0.0.255, 10.9.0.0-10.9.255.255");
  }

  @Test
  void anExceptionOfOneBlockLeavesAnotherBlockWhole() {
    AddressRanges joined = of("10.0.0.0/24").without(of("10.0.0.0/25")).and(of("10.0.0.0/28"));

    assertThat(joined).hasToString("10.0.0.0-10.0.0.15, 10.0.0.128-10.0.0.255");
    assertThat(joined.contains(IpAddresses.parse("10.0.0.15"))).isTrue();
    assertThat(joined.contains(IpAddresses.parse("10.0.0.16"))).isFalse();
    assertThat(joined.contains(IpAddresses.parse("::1"))).isFalse();
  }

  private static AddressRanges of(String cidr) {
    return AddressRanges.of(Cidr.parse(cidr));
  }
}
