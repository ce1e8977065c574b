package org.k3sjvm.linux.filter;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.testing.FakeCommands;

class NftCommandTest {
  @Test
  void saysWhichPackageToInstallWhenNftIsMissing() {
    NftCommand filter = new NftCommand(new FakeCommands());

    assertThatThrownBy(() -> filter.delete(new TableName("ip", "k3s-test")))
        .isInstanceOf(LinuxException.Unsupported.class)
        .hasMessageContaining("install the package nftables");
  }
}
