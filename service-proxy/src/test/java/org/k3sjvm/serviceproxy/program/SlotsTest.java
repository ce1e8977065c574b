package org.k3sjvm.serviceproxy.program;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.k3sjvm.linux.filter.Packed;

class SlotsTest {
  @Test
  void keepsEndpointsInTheirPlacesAndMovesTheLastIntoAHole() {
    Slots three = Slots.of(Slots.EMPTY, endpoints(1, 2, 3));
    Slots two = Slots.of(three, endpoints(2, 3));

    assertThat(two.slot(0)).isEqualTo(endpoint(3));
    assertThat(two.slot(1)).isEqualTo(endpoint(2));
    assertThat(Slots.of(two, endpoints(2, 3, 4)).slot(2)).isEqualTo(endpoint(4));
  }

  @Test
  void hasOneSlotForEachOfFewEndpoints() {
    assertThat(Slots.of(Slots.EMPTY, endpoints(1)).size()).isEqualTo(1);
    assertThat(Slots.of(Slots.EMPTY, range(64)).size()).isEqualTo(64);
    assertThat(Slots.EMPTY.size()).isZero();
  }

  @Test
  void sharesManySlotsAlmostEvenlyAmongManyEndpoints() {
    for (int count : new int[] {65, 200, 256, 257, 1_000}) {
      Slots slots = Slots.of(Slots.EMPTY, range(count));
      Map<Packed, Integer> shares = new HashMap<>();
      for (int i = 0; i < slots.size(); i++) {
        shares.merge(slots.slot(i), 1, Integer::sum);
      }
      int least = shares.values().stream().min(Integer::compare).orElseThrow();
      int most = shares.values().stream().max(Integer::compare).orElseThrow();
      assertThat(shares).hasSize(count);
      assertThat((double) most / least).as("of " + count).isLessThan(1.15);
    }
  }

  @Test
  void areEqualWhenTheSameEndpointsAreInTheSamePlaces() {
    assertThat(Slots.of(Slots.EMPTY, endpoints(1, 2)))
        .isEqualTo(Slots.of(Slots.EMPTY, endpoints(1, 2)))
        .isNotEqualTo(Slots.of(Slots.EMPTY, endpoints(2, 1)));
  }

  private static List<Packed> range(int count) {
    return IntStream.range(0, count).mapToObj(SlotsTest::endpoint).toList();
  }

  private static List<Packed> endpoints(int... numbers) {
    return IntStream.of(numbers).mapToObj(SlotsTest::endpoint).toList();
  }

  private static Packed endpoint(int number) {
    return Packed.of()
        .address(new byte[] {10, 42, (byte) (number >> 8), (byte) number})
        .port(80)
        .build();
  }
}
