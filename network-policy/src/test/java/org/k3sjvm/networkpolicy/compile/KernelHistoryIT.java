package org.k3sjvm.networkpolicy.compile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.base.net.Cidr;
import org.k3sjvm.linux.filter.NftCommand;
import org.k3sjvm.linux.netlink.NetlinkFilterElements;
import org.k3sjvm.linux.process.ChildProcesses;
import org.k3sjvm.linux.testing.TestNamespace;
import org.k3sjvm.networkpolicy.model.AddressRanges;
import org.k3sjvm.networkpolicy.rules.KernelTables;

/** The kernel's tables after any history of changes, and what nft says of them. */
class KernelHistoryIT {
  private static final int STEPS = 150;
  private static final String EACH_THING = "(?m)^(?=table |}|\t(?:set|map|chain) )";
  private static final Pattern SET = Pattern.compile("\\{ ([^{}]*) }");

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, -1})
  void endsWhereAFreshStartWould(long given) throws Exception {
    long seed = given < 0 ? System.nanoTime() : given;
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    RandomCluster cluster = new RandomCluster(random);
    PolicyModel model = new PolicyModel(RandomCluster.NODE, true, true);
    try (TestNamespace namespace = TestNamespace.create("history");
        NetlinkFilterElements elements = namespace.call(NetlinkFilterElements::open)) {
      NftCommand nft =
          new NftCommand(new ChildProcesses(List.of("nsenter", "--net=" + namespace.path())));
      KernelTables tables =
          new KernelTables(
              nft,
              elements,
              List.of(Cidr.parse("10.43.0.0/16"), Cidr.parse("fd43::/112")),
              "30000-32767");
      tables.replace(model.takeWhole());
      for (int step = 0; step < STEPS; step++) {
        cluster.change(model);
        if (random.nextInt(3) == 0) {
          tables.change(model.take());
        }
      }
      tables.change(model.take());
      Map<Family, Changes> whole = model.takeWhole();
      assertThat(tables.intact(whole)).as("seed %s", seed).isTrue();
      String after = listing(namespace);

      tables.replace(cluster.told().takeWhole());

      assertThat(after).as("seed %s", seed).isEqualTo(listing(namespace));
    }
  }

  /** In an order that does not depend on history. */
  private static String listing(TestNamespace namespace) throws InterruptedException {
    String text = namespace.exec("nft", "-s", "list", "ruleset").replaceAll(",\n\\s*", ", ");
    return Arrays.stream(
            SET.matcher(text).replaceAll(KernelHistoryIT::sorted).split(EACH_THING, -1))
        .map(String::strip)
        .sorted()
        .collect(Collectors.joining("\n"));
  }

  private static String sorted(MatchResult set) {
    String[] elements = set.group(1).split(", ", -1);
    Arrays.sort(elements);
    return elements.length == 1 ? alone(elements[0]) : "{ " + String.join(", ", elements) + " }";
  }

  /** Where nft makes a rule, a set of one element is none, and a range is no network. */
  private static String alone(String element) {
    return element.contains("/") ? AddressRanges.of(Cidr.parse(element)).toString() : element;
  }
}
