package org.k3sjvm.networkpolicy.compile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.k3sjvm.networkpolicy.compile.Packets.Packet;
import org.k3sjvm.networkpolicy.model.PodFacts;

/** Any history of changes ends where a fresh start with the same facts would, and judges right. */
class PolicyModelRandomTest {
  private static final int STEPS = 400;

  private final PolicyModel model = new PolicyModel(RandomCluster.NODE, true, true);
  private final Map<Family, Packets> kernel = new HashMap<>();
  private Random random = new Random(0);
  private RandomCluster cluster = new RandomCluster(random);

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, -1})
  void everyHistoryEndsWhereAFreshStartWould(long given) {
    long seed = given < 0 ? System.nanoTime() : given;
    System.out.println("seed " + seed);
    random = new Random(seed);
    cluster = new RandomCluster(random);
    model.takeWhole().forEach((family, whole) -> kernel(family).apply(whole));
    for (int step = 0; step < STEPS; step++) {
      cluster.change(model);
      if (random.nextInt(3) == 0) {
        model.take().forEach((family, changes) -> kernel(family).apply(changes));
        judge("seed " + seed + " step " + step);
      }
    }
    model.take().forEach((family, changes) -> kernel(family).apply(changes));
    cluster
        .told()
        .takeWhole()
        .forEach(
            (family, whole) -> {
              Packets packets = new Packets();
              packets.apply(whole);
              assertThat(kernel(family).content()).as("seed %s", seed).isEqualTo(packets.content());
            });
  }

  private Packets kernel(Family family) {
    return kernel.computeIfAbsent(family, _ -> new Packets());
  }

  private void judge(String where) {
    Map<String, PodFacts> byAddress = new HashMap<>();
    cluster.pods.values().forEach(p -> p.addresses().forEach(a -> byAddress.put(a, p)));
    Oracle oracle =
        new Oracle(byAddress, cluster.namespaces, cluster.policies.values(), RandomCluster.NODE);
    for (int i = 0; i < 40; i++) {
      boolean ipv6 = random.nextBoolean();
      Packet packet =
          new Packet(
              cluster.address(ipv6),
              cluster.address(ipv6),
              cluster.any(List.of("tcp", "udp", "sctp", "icmp")),
              random.nextInt(6) * 20);
      if (packet.protocol().equals("icmp")) {
        packet = new Packet(packet.source(), packet.target(), "icmp", 0);
      }
      assertThat(kernel(Family.of(ipv6)).lets(packet))
          .as("%s: %s", where, packet)
          .isEqualTo(oracle.lets(packet));
    }
  }
}
