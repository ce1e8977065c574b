package org.k3sjvm.server.control.workload;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RolloutTest {
  @ParameterizedTest(name = "{0} wanted, surge {1}, {2} new and {3} old: {4} new")
  @CsvSource({
    "10, 0, 0, 10, 0", //
    "10, 2, 0, 10, 2",
    "10, 2, 2, 10, 2",
    "10, 2, 2, 8, 4",
    "10, 2, 9, 0, 10",
    "3, 1, 5, 0, 3",
    "0, 1, 2, 2, 0",
  })
  void letsAsManyNewPodsComeAsThereIsRoom(int wanted, int surge, int now, int old, int expected) {
    assertThat(
            new Rollout(wanted, surge, 0)
                .newest(new Rollout.Part("new", now, now), List.of(part("old", old, old))))
        .isEqualTo(expected);
  }

  @ParameterizedTest(name = "{0} wanted, {1} may miss; new {2}/{3}, old {4}/{5}: {6} old")
  @CsvSource({
    "10, 0, 2, 0, 10, 10, 10", // new ones are not ready yet
    "10, 0, 2, 2, 10, 10, 8",
    "10, 2, 0, 0, 10, 10, 8",
    "10, 2, 2, 0, 10, 4, 8", // as many broken ones as any may miss
    "3, 0, 3, 3, 3, 3, 0",
    "1, 1, 0, 0, 1, 0, 0",
  })
  void takesAsManyOldPodsAwayAsCanBeSpared(
      int wanted, int missing, int now, int ready, int old, int oldReady, int expected) {
    Map<String, Integer> sizes =
        new Rollout(wanted, 0, missing)
            .old(part("new", now, ready), List.of(part("old", old, oldReady)));
    assertThat(sizes.getOrDefault("old", old)).isEqualTo(expected);
  }

  @Test
  void sharesANewSizeInProportion() {
    assertThat(new Rollout(20, 2, 0).share(List.of(part("a", 8, 8), part("b", 4, 4)), 12))
        .isEqualTo(Map.of("a", 15, "b", 7));
    assertThat(new Rollout(0, 2, 0).share(List.of(part("a", 8, 8), part("b", 4, 4)), 12))
        .isEqualTo(Map.of("a", 0, "b", 0));
  }

  @Test
  void neverHasTooFewReadyNorTooManyPodsOnTheWay() {
    for (int wanted = 0; wanted < 12; wanted++) {
      for (int surge = 0; surge < 4; surge++) {
        for (int missing = surge == 0 ? 1 : 0; missing < 4; missing++) {
          walk(wanted, surge, Math.min(missing, wanted));
        }
      }
    }
  }

  private static void walk(int wanted, int surge, int missing) {
    Rollout rollout = new Rollout(wanted, surge, missing);
    Rollout.Part newest = part("new", 0, 0);
    List<Rollout.Part> old = new ArrayList<>(List.of(part("a", wanted, wanted)));
    for (int step = 0; step < 100; step++) {
      int size = rollout.newest(newest, old);
      newest = part("new", size, newest.available());
      Map<String, Integer> sizes = rollout.old(newest, old);
      old.replaceAll(
          one -> {
            int left = sizes.getOrDefault(one.name(), one.replicas());
            return part(one.name(), left, Math.min(left, one.available()));
          });
      int ready = newest.available() + old.getFirst().available();
      assertThat(ready).isGreaterThanOrEqualTo(wanted - missing);
      assertThat(size + old.getFirst().replicas()).isLessThanOrEqualTo(wanted + surge);
      newest = part("new", size, Math.min(size, newest.available() + 1));
    }
    assertThat(newest).isEqualTo(part("new", wanted, wanted));
    assertThat(old.getFirst().replicas()).isZero();
  }

  private static Rollout.Part part(String name, int replicas, int available) {
    return new Rollout.Part(name, replicas, available);
  }
}
