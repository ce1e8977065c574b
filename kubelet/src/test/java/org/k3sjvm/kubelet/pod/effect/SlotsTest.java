package org.k3sjvm.kubelet.pod.effect;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class SlotsTest {
  @Test
  void whoFinishesGoesBeforeWhoBegins() throws InterruptedException {
    Slots slots = new Slots(1);
    List<Slots.Turn> order = new CopyOnWriteArrayList<>();
    slots.acquire(Slots.Turn.BEGIN);
    Thread begins = waiter(slots, Slots.Turn.BEGIN, order);
    Thread finishes = waiter(slots, Slots.Turn.FINISH, order);

    slots.release();
    begins.join();
    finishes.join();

    assertThat(order).containsExactly(Slots.Turn.FINISH, Slots.Turn.BEGIN);
  }

  @Test
  void oneWhoGivesUpTakesNoTurnFromOthers() throws InterruptedException {
    Slots slots = new Slots(1);
    List<Slots.Turn> order = new CopyOnWriteArrayList<>();
    slots.acquire(Slots.Turn.BEGIN);
    Thread finishes = waiter(slots, Slots.Turn.FINISH, order);
    Thread begins = waiter(slots, Slots.Turn.BEGIN, order);
    finishes.interrupt();
    finishes.join();

    slots.release();
    begins.join();

    assertThat(order).containsExactly(Slots.Turn.BEGIN);
  }

  private static Thread waiter(Slots slots, Slots.Turn turn, List<Slots.Turn> order) {
    Thread thread =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    slots.in(turn, () -> order.add(turn));
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    while (thread.getState() != Thread.State.WAITING
        && thread.getState() != Thread.State.TERMINATED) {
      Thread.onSpinWait();
    }
    return thread;
  }
}
