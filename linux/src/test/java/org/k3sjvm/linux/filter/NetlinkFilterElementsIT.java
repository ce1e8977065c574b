package org.k3sjvm.linux.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.filter.Element.Value.Kind;
import org.k3sjvm.linux.filter.Element.Value.Verdict;
import org.k3sjvm.linux.filter.Rule.Field;
import org.k3sjvm.linux.filter.SetType.Part;
import org.k3sjvm.linux.netlink.NetlinkFilterElements;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.testing.TestNamespace;

class NetlinkFilterElementsIT extends FilterElementsContract {
  private static final List<Field> PORTS = List.of(Field.PROTOCOL, Field.TARGET_PORT);

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

  /** What nft prints of a rule is the same whether it or we gave it to the kernel. */
  @Test
  void writesRulesAsNftDoes() throws Exception {
    List<Rule> rules = new ArrayList<>();
    rules.add(Rule.of(List.of(new Rule.Invalid()), Element.drop()));
    rules.add(new Rule(List.of(), new Verdict(Kind.JUMP, "a"), "shop/open"));
    rules.add(Rule.of(List.of(), Element.goTo("b")));
    for (Rule.Match peer :
        List.of(
            new Rule.In(List.of(Field.SOURCE), "addresses"),
            new Rule.In(List.of(Field.TARGET), "networks"),
            new Rule.OneOf(
                List.of(Field.TARGET),
                List.of(Element.of(address("10.0.0.1")), Element.of(address("10.0.0.9")))),
            new Rule.OneOf(
                List.of(Field.SOURCE),
                List.of(
                    Element.of(address("10.0.0.1")), interval("255.0.0.0", "255.255.255.255"))))) {
      for (Rule.Match port :
          List.of(
              new Rule.In(List.of(Field.TARGET, Field.PROTOCOL, Field.TARGET_PORT), "services"),
              new Rule.OneOf(PORTS, List.of(Element.of(port(6, 80)), Element.of(port(17, 53)))),
              new Rule.OneOf(
                  PORTS,
                  List.of(
                      Element.of(port(6, 80)),
                      Element.box(port(6, 100), port(6, 65_535)),
                      Element.box(port(132, 0), port(132, 65_535)))))) {
        rules.add(Rule.of(List.of(peer, port), Element.accept()));
      }
    }

    compareWithNft(TABLE, SetType.of(Part.IPV4, Part.PROTOCOL, Part.PORT), rules);
  }

  @Test
  void writesRulesOfIpv6AsNftDoes() throws Exception {
    TableName table = new TableName("ip6", "k3s-test");
    filter.apply("table ip6 k3s-test { chain a { drop; }; chain b { accept; }; }\n");

    compareWithNft(
        table,
        SetType.of(Part.IPV6, Part.PROTOCOL, Part.PORT),
        List.of(
            Rule.of(
                List.of(
                    new Rule.OneOf(
                        List.of(Field.SOURCE6),
                        List.of(
                            Element.of(address("fd00::1")), interval("fd00:1::", "fd00:1::ff")))),
                Element.accept()),
            Rule.of(
                List.of(
                    new Rule.In(
                        List.of(Field.TARGET6, Field.PROTOCOL, Field.TARGET_PORT), "services")),
                Element.accept())));
  }

  private void compareWithNft(TableName table, SetType services, List<Rule> rules)
      throws Exception {
    FilterChange set = new FilterChange.AddSet(new SetName(table, "services"), services);
    commit(set, new FilterChange.AddChain(table, "ours", rules));
    String ours = filter.show(table).orElseThrow();

    commit(
        new FilterChange.RemoveChains(table, List.of("ours")),
        new FilterChange.RemoveSet(new SetName(table, "services")));
    StringBuilder script = new StringBuilder();
    script.append("add set ").append(table).append(" services { ").append(services).append("; }\n");
    script.append("add chain ").append(table).append(" ours\n");
    rules.forEach(
        rule ->
            script.append("add rule ").append(table).append(" ours ").append(rule).append('\n'));
    filter.apply(script.toString());

    assertThat(sorted(ours)).isEqualTo(sorted(filter.show(table).orElseThrow()));
    assertThat(ours.lines().filter(line -> line.startsWith("\t\t"))).hasSizeGreaterThan(2);
  }

  /** Elements of a hash table come in the order of its seed. */
  private static String sorted(String listing) {
    return Pattern.compile("\\{ ([^{}\n]*) }")
        .matcher(listing)
        .replaceAll(
            set ->
                Arrays.stream(set.group(1).split(", ", -1))
                    .sorted()
                    .collect(Collectors.joining(", ", "{ ", " }")));
  }

  @Test
  void refusesToRemoveWhatIsInUse() {
    SetName set = new SetName(TABLE, "used");
    commit(
        new FilterChange.AddSet(set, SetType.of(Part.IPV4)),
        new FilterChange.AddChain(
            TABLE,
            "user",
            List.of(
                Rule.of(List.of(new Rule.In(List.of(Field.SOURCE), "used")), Element.accept()))),
        add(DISPATCH, Element.of(service("10.43.0.1", 443), Element.goTo("user"))));

    assertThatThrownBy(() -> commit(new FilterChange.RemoveSet(set)))
        .isInstanceOf(LinuxException.Busy.class);
    assertThatThrownBy(() -> commit(new FilterChange.RemoveChains(TABLE, List.of("user"))))
        .isInstanceOf(LinuxException.Busy.class)
        .hasMessageContaining("remove chain ip k3s-test user");
  }

  private static Packed port(int protocol, int port) {
    return Packed.of().protocol(protocol).port(port).build();
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
