package org.k3sjvm.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeapTrimTest {
  private static final long MIB = 1 << 20;

  private final List<Long> collections = new ArrayList<>();
  private long heap;
  private int looks;

  @Test
  void collectsOnceAfterTheStart() {
    assertThat(collectionsOf(30, 16, 16, 16)).containsExactly(30L);
  }

  @Test
  void collectsAgainWhenTheHeapHasGrownByMoreThanItIsWorth() {
    assertThat(collectionsOf(30, 18, 40, 16)).containsExactly(30L, 40L);
  }

  /** A megabyte at a time would otherwise be a collection at each look. */
  @Test
  void measuresGrowthFromWhatTheLastCollectionLeft() {
    assertThat(collectionsOf(30, 17, 18, 19)).containsExactly(30L, 19L);
  }

  /** A collection leaves 16 MiB; the list says what each look finds. */
  private List<Long> collectionsOf(long... found) {
    HeapTrim trim =
        new HeapTrim(
            _ -> {
              if (looks == found.length) {
                throw new InterruptedException();
              }
              heap = found[looks++] * MIB;
            },
            () -> heap,
            () -> {
              collections.add(heap / MIB);
              heap = 16 * MIB;
            });
    assertThatThrownBy(trim::run).isInstanceOf(InterruptedException.class);
    return collections;
  }
}
