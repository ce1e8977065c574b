package org.k3sjvm.linux.filter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.linux.netlink.NetlinkFilterElements;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.testing.TestNamespace;

class NetlinkFilterElementsIT extends FilterElementsContract {
  private TestNamespace namespace;
  private NftCommand filter;
  private NetlinkFilterElements elements;

  @BeforeEach
  void createNamespace() throws Exception {
    namespace = TestNamespace.create("elements");
    filter = new NftCommand(new ChildProcesses(List.of("nsenter", "--net=" + namespace.path())));
    filter.apply(SETS);
    elements = namespace.call(NetlinkFilterElements::open);
  }

  @AfterEach
  void removeNamespace() throws Exception {
    namespace.close();
    elements.close();
  }

  @Override
  FilterElements elements() {
    return elements;
  }

  @Test
  void writesWhatNftUnderstands() throws Exception {
    commit(
        add(NETWORKS, interval("10.1.0.0", "10.1.255.255")),
        add(DISPATCH, Element.of(service("10.43.0.1", 443), Element.goTo("a"))),
        add(
            ENDPOINTS,
            Element.of(
                Packed.of().address(ip("10.43.0.1")).number(1).build(),
                Element.data(Packed.of().address(ip("10.42.0.9")).port(8443).build()))));

    assertThat(filter.show(TABLE).orElseThrow())
        .contains("elements = { 10.1.0.0/16 }")
        .contains("10.43.0.1 . tcp . 443 : goto a")
        .contains("10.43.0.1 . 1 : 10.42.0.9 . 8443");
  }

  @Test
  void readsWhatNftWrote() throws Exception {
    filter.apply("add element ip k3s-test networks { 10.5.0.0/24, 0.0.0.0/8 }\n");

    assertThat(elements.list(NETWORKS))
        .containsExactlyInAnyOrder(
            interval("10.5.0.0", "10.5.0.255"), interval("0.0.0.0", "0.255.255.255"));
  }

  @Test
  void seesThatSomebodyChangedARule() throws Exception {
    TableState before = elements.state(TABLE).orElseThrow();
    commit(add(ADDRESSES, Element.of(address("10.0.0.1"))));
    assertThat(elements.state(TABLE)).contains(before);
    assertThat(before.rules()).containsOnlyKeys("a", "b").containsEntry("a", 1);

    filter.apply("flush chain ip k3s-test a\n");

    assertThat(elements.state(TABLE).orElseThrow()).isNotEqualTo(before);
    filter.delete(TABLE);
    assertThat(elements.state(TABLE)).isEmpty();
  }
}
