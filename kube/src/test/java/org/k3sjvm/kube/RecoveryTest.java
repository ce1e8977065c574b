package org.k3sjvm.kube;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class RecoveryTest {
  private final Recovery recovery = new Recovery();
  private final CountDownLatch woken = new CountDownLatch(1);
  private final Thread waiter =
      Thread.ofVirtual()
          .unstarted(
              () -> {
                try {
                  recovery.sleep(Duration.ofMinutes(1));
                  woken.countDown();
                } catch (InterruptedException e) {
                  // The test is over.
                }
              });

  @AfterEach
  void end() throws InterruptedException {
    waiter.interrupt();
    waiter.join();
  }

  @Test
  void aWaitEndsWhenARequestIsAnsweredAfterOnesThatFailed() throws Exception {
    recovery.failed();
    begin();
    recovery.answered();
    assertThat(woken.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void answersAmongAnswersEndNoWait() throws Exception {
    begin();
    recovery.answered();
    recovery.answered();
    assertThat(woken.await(Recovery.SHORTEST.toMillis() + 200, TimeUnit.MILLISECONDS)).isFalse();
  }

  @Test
  void noWaitIsCutShorterThanServersThatComeAndGoCanBear() throws Exception {
    recovery.failed();
    long began = System.nanoTime();
    begin();
    recovery.answered();
    assertThat(woken.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(Recovery.SHORTEST);
  }

  private void begin() {
    waiter.start();
    while (waiter.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
  }
}
