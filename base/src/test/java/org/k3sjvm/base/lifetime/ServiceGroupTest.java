package org.k3sjvm.base.lifetime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class ServiceGroupTest {
  private static final CountDownLatch NEVER = new CountDownLatch(1);

  @Test
  void whoWaitsForWhatAServiceBringsHearsOfItsFault() {
    try (ServiceGroup group = ServiceGroup.open("parts")) {
      Gate<String> gate = new Gate<>("Ready");
      CountDownLatch waiting = new CountDownLatch(1);
      group.start(
          "bringer",
          () -> {
            waiting.await();
            throw new IllegalStateException("broken");
          });
      assertThatThrownBy(
              () ->
                  group.during(
                      () -> {
                        waiting.countDown();
                        gate.await();
                      }))
          .isInstanceOf(ServiceFailedException.class)
          .hasMessageContaining("broken");
      assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }
  }

  @Test
  void afterAFaultNothingIsBegun() throws InterruptedException {
    try (ServiceGroup group = ServiceGroup.open("parts")) {
      group.start(
          "bringer",
          () -> {
            throw new IllegalStateException("broken");
          });
      assertThatThrownBy(group::await).isInstanceOf(ServiceFailedException.class);
      assertThatThrownBy(() -> group.during(() -> NEVER.await()))
          .isInstanceOf(ServiceFailedException.class);
    }
  }

  @Test
  void anInterruptFromElsewhereStaysAnInterrupt() throws InterruptedException {
    try (ServiceGroup group = ServiceGroup.open("parts")) {
      AtomicReference<Throwable> seen = new AtomicReference<>();
      Thread owner =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      group.during(() -> NEVER.await());
                    } catch (InterruptedException e) {
                      seen.set(e);
                    }
                  });
      owner.interrupt();
      owner.join();
      assertThat(seen.get()).isInstanceOf(InterruptedException.class);
    }
  }

  @Test
  void aStepThatEndsLeavesNoInterruptBehind() throws InterruptedException {
    try (ServiceGroup group = ServiceGroup.open("parts")) {
      group.during(() -> {});
      group.start("ends", () -> {});
      assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }
  }
}
