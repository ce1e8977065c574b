package org.k3sjvm.linux.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.testing.TestNamespace;

class NftCommandIT {
  private static final TableName NAME = new TableName("ip", "k3s-test");

  private TestNamespace namespace;
  private NftCommand filter;

  @BeforeEach
  void createNamespace() throws Exception {
    namespace = TestNamespace.create("nft");
    filter = new NftCommand(new ChildProcesses(List.of("nsenter", "--net=" + namespace.path())));
  }

  @AfterEach
  void removeNamespace() throws Exception {
    namespace.close();
  }

  private static FilterTable table(String... rules) {
    return new FilterTable(
        NAME,
        List.of(
            new FilterTable.Chain(
                "postrouting",
                "type nat hook postrouting priority 101; policy accept;",
                List.of(rules))));
  }

  @Test
  void replacesATableWhole() throws Exception {
    filter.replace(table("ip saddr 10.42.0.0/16 return"));
    filter.replace(table("ip saddr 10.43.0.0/16 masquerade fully-random"));

    assertThat(filter.show(NAME).orElseThrow())
        .contains("ip saddr 10.43.0.0/16 masquerade fully-random")
        .doesNotContain("10.42");
  }

  @Test
  void keepsTheOldTableWhenTheNewOneIsRefused() throws Exception {
    filter.replace(table("ip saddr 10.42.0.0/16 return"));

    assertThatThrownBy(() -> filter.replace(table("ip saddr 10.43.0.0/16 retrun")))
        .isInstanceOf(LinuxException.Failed.class)
        .hasMessageContaining("nft says");
    assertThat(filter.show(NAME).orElseThrow()).contains("10.42.0.0/16");
  }

  @Test
  void deletesATableThatMayBeGone() throws Exception {
    filter.replace(table());
    filter.delete(NAME);
    filter.delete(NAME);

    assertThat(filter.show(NAME)).isEmpty();
  }
}
