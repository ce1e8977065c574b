package org.k3sjvm.server.control.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.k3sjvm.base.testing.ManualTime;

class WorkQueueTest {
  private final ManualTime time = new ManualTime(Instant.EPOCH);
  private final WorkQueue<String> queue = new WorkQueue<>(time);

  @Test
  void holdsEachKeyOnceInOrder() throws InterruptedException {
    queue.add("a");
    queue.add("b");
    queue.add("a");
    queue.add("c");
    assertThat(queue.take()).isEqualTo("a");
    assertThat(queue.take()).isEqualTo("b");
    assertThat(queue.take()).isEqualTo("c");
  }

  @Test
  void keepsTheEarlierOfTwoTimes() throws InterruptedException {
    queue.addAfter("a", Duration.ofSeconds(5));
    queue.addAfter("a", Duration.ofSeconds(2));
    queue.addAfter("a", Duration.ofSeconds(9));
    time.advance(Duration.ofSeconds(2));
    assertThat(queue.take()).isEqualTo("a");
    queue.add("end");
    time.advance(Duration.ofSeconds(9));
    assertThat(queue.take()).isEqualTo("end");
  }

  @Test
  void neverGivesAKeyBeforeItsTime() throws InterruptedException {
    WorkQueue<String> real = new WorkQueue<>(InstantSource.system());
    for (int i = 0; i < 20; i++) {
      Instant began = Instant.now();
      real.addAfter("a", Duration.ofMillis(2));
      assertThat(real.take()).isEqualTo("a");
      assertThat(Instant.now()).isAfterOrEqualTo(began.plusMillis(2));
    }
  }
}
